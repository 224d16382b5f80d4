/** Extends or shortens the window of a sale that is on. */

import { eq, sql as raw } from 'drizzle-orm';
import { sales } from '@flash-sale/drizzle/schema.ts';
import type { FieldErrors } from '@flash-sale/shared/contracts/reply.ts';
import type { SaleState } from '@flash-sale/shared/lifecycle.ts';
import { transaction, type Sql } from '../mysql/transaction.ts';
import { record, type Act } from '../operators/audit-log.ts';
import type { Services } from '../services.ts';
import { lockSale, type LockedSale } from './sale-row.ts';
import { tellRedis, type Told } from './tell-redis.ts';
import { faultOfWindow } from './terms.ts';

/** A draft is edited instead, and a window that has closed stays closed. */
const CHANGED_IN: readonly SaleState[] = ['scheduled', 'live', 'paused'];

export interface WindowChange {
  readonly opensAt?: Date | undefined;
  /** null: open until an operator ends it. */
  readonly closesAt?: Date | null | undefined;
}

export type WindowChanged =
  | { kind: 'changed'; told: Told }
  | { kind: 'sale_not_found' }
  | { kind: 'invalid'; errors: FieldErrors }
  | { kind: 'impossible'; state: SaleState };

/** @throws StoreUnavailable: it may have been changed; the same Idempotency-Key says so */
export async function changeWindow(
  services: Services,
  saleId: number,
  change: WindowChange,
  act: Act,
): Promise<WindowChanged> {
  const written = await transaction(services.mysql, async (sql) => {
    const locked = await lockSale(sql, saleId);
    if (locked === undefined) return { kind: 'sale_not_found' as const };
    const { sale } = locked;
    if (!CHANGED_IN.includes(sale.state)) return { kind: 'impossible' as const, state: sale.state };
    const errors = faultOf(locked, change);
    if (errors !== null) return { kind: 'invalid' as const, errors };
    await write(sql, locked, change, act);
    return { kind: 'written' as const };
  });
  if (written.kind !== 'written') return written;
  services.reach('sale.changed');
  return { kind: 'changed', told: await tellRedis(services, saleId) };
}

function faultOf({ sale, now }: LockedSale, { opensAt, closesAt }: WindowChange): FieldErrors | null {
  if (sale.closesAt !== null && sale.closesAt <= now) {
    return { closes_at: ['has passed: the sale is ending, and does not open again'] };
  }
  if (opensAt !== undefined && sale.opensAt <= now) {
    return { opens_at: ['has passed: pause the sale instead'] };
  }
  if (opensAt !== undefined && opensAt <= now) {
    return { opens_at: ['must be in the future: launch the sale instead'] };
  }
  if (closesAt !== undefined && closesAt !== null && closesAt <= now) {
    return { closes_at: ['must be in the future: end the sale instead'] };
  }
  return faultOfWindow(opensAt ?? sale.opensAt, closesAt === undefined ? sale.closesAt : closesAt);
}

async function write(sql: Sql, { sale }: LockedSale, change: WindowChange, act: Act): Promise<void> {
  const { opensAt = sale.opensAt, closesAt = sale.closesAt } = change;
  await sql
    .update(sales)
    // Redis is out of date from here on: whoever finds an older epoch there rebuilds, should we die now.
    .set({ opensAt, closesAt, epoch: raw`epoch + 1` })
    .where(eq(sales.id, sale.id));
  await record(sql, act, {
    action: 'sale.window',
    target: `sale ${sale.id}`,
    before: { opensAt: sale.opensAt, closesAt: sale.closesAt },
    after: { opensAt, closesAt },
  });
}
