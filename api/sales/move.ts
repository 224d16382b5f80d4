/** Writes a sale's move into SQL, which decides. Redis is told afterwards, by whoever is there to do it. */

import { and, eq, inArray, ne, sql as raw } from 'drizzle-orm';
import { sales } from '@flash-sale/drizzle/schema.ts';
import type { SaleState } from '@flash-sale/shared/lifecycle.ts';
import { publish } from '../events/publish.ts';
import { isDuplicateKey } from '../mysql/faults.ts';
import { transaction, type Sql } from '../mysql/transaction.ts';
import { record, type Act } from '../operators/audit-log.ts';
import type { Sale } from '../products/catalog.ts';
import type { Services } from '../services.ts';
import { lockSale } from './sale-row.ts';

export interface Move {
  /** As the audit log calls it. */
  readonly action: string;
  readonly from: readonly SaleState[];
  readonly to: SaleState;
  /** Whoever sells must be able to: the window is not over, and no other sale of the product is on. */
  readonly isToSell?: boolean;
  /** A window that is ahead begins now. */
  readonly opensNow?: boolean;
}

export type MoveWritten =
  | { kind: 'moved'; from: SaleState }
  /** It is there already. */
  | { kind: 'unmoved'; from: SaleState }
  | { kind: 'sale_not_found' }
  | { kind: 'impossible'; from: SaleState }
  /** Its window has closed: nobody could hold anything. */
  | { kind: 'window_over'; from: SaleState; closesAt: Date }
  /** The product has another sale that is on. */
  | { kind: 'product_busy' };

/** @throws StoreUnavailable of SQL; nothing else is needed */
export async function writeMove(
  services: Services,
  saleId: number,
  move: Move,
  act: Act,
): Promise<MoveWritten> {
  try {
    const written = await transaction(services.mysql, (sql) => moveLocked(sql, saleId, move, act));
    if (written.kind !== 'moved') return written;
    services.reach('sale.changed');
    publish(services, saleId, { type: 'sale.moved', from: written.from, to: move.to, by: act.actor });
    return written;
  } catch (error) {
    if (isDuplicateKey(error, 'sales_one_on_per_product')) return { kind: 'product_busy' };
    throw error;
  }
}

async function moveLocked(sql: Sql, saleId: number, move: Move, act: Act): Promise<MoveWritten> {
  const locked = await lockSale(sql, saleId);
  if (locked === undefined) return { kind: 'sale_not_found' };
  const { sale, now } = locked;
  const { state: from, closesAt } = sale;
  if (from === move.to) return { kind: 'unmoved', from };
  if (!move.from.includes(from)) return { kind: 'impossible', from };
  if (move.isToSell === true && closesAt !== null && closesAt <= now) {
    return { kind: 'window_over', from, closesAt };
  }
  // Scheduled with a window that is open already, it would be on beside the other one.
  const isOpenAtOnce = move.isToSell === true && move.to === 'scheduled' && sale.opensAt <= now;
  if (isOpenAtOnce && (await hasOtherOn(sql, sale))) return { kind: 'product_busy' };

  const opensAt = move.opensNow === true && sale.opensAt > now ? now : sale.opensAt;
  await sql
    .update(sales)
    // Redis is out of date from here on: whoever finds an older epoch there rebuilds, should we die now.
    .set({ state: move.to, opensAt, epoch: raw`epoch + 1` })
    .where(eq(sales.id, saleId));
  const isEarlier = opensAt < sale.opensAt;
  await record(sql, act, {
    action: move.action,
    target: `sale ${saleId}`,
    before: { state: from, ...(isEarlier ? { opensAt: sale.opensAt } : {}) },
    after: { state: move.to, ...(isEarlier ? { opensAt } : {}) },
  });
  return { kind: 'moved', from };
}

/** Two that are scheduled at once may both pass: as when their times come, the newer one is sold. */
async function hasOtherOn(sql: Sql, { id, productId }: Pick<Sale, 'id' | 'productId'>) {
  const others = await sql
    .select({ id: sales.id })
    .from(sales)
    .where(and(eq(sales.productId, productId), ne(sales.id, id), inArray(sales.state, ['live', 'paused'])))
    .limit(1);
  return others.length > 0;
}
