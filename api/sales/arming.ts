/** Keeps sales armed: a call that meets an unarmed Redis waits for one rebuild, shared by all, and is made again. */

import { ARMED_SALE_STATES, type SaleState } from '@flash-sale/shared/lifecycle.ts';
import { inArray } from 'drizzle-orm';
import { sales } from '@flash-sale/drizzle/schema.ts';
import { exclusively, statement } from '../mysql/transaction.ts';
import { findSale, type Sale } from '../products/catalog.ts';
import { readSale, type NotArmed, type SaleStock } from '../redis/scripts.ts';
import type { Services } from '../services.ts';
import { StoreUnavailable } from '../store-unavailable.ts';
import { rebuildSale } from './rebuild.ts';

/** Two, because another process may rebuild between our rebuild and our call. */
const REBUILDS_MAX = 2;

/**
 * Makes a Redis call on an armed sale. `not_armed` means that the call did nothing, so making it again is safe.
 * Returns `not_served` when the sale is not one that Redis serves.
 * @throws StoreUnavailable when the sale cannot be armed now.
 */
export async function onArmedSale<Result extends { kind: string }>(
  services: Services,
  saleId: number,
  call: () => Promise<Result | NotArmed>,
): Promise<Exclude<Result, NotArmed> | { kind: 'not_served' }> {
  if ((await services.catalog.sale(saleId)) === undefined) return { kind: 'not_served' };
  for (let rebuilds = 0; ; rebuilds += 1) {
    const result = await call();
    if (result.kind !== 'not_armed') return result as Exclude<Result, NotArmed>;
    if (rebuilds === REBUILDS_MAX) throw new StoreUnavailable('redis', 'the sale is being rebuilt');
    if (!(await armSale(services, saleId))) return { kind: 'not_served' };
  }
}

const arming = new WeakMap<Services, Map<number, Promise<boolean>>>();

/**
 * Arms a sale unless it is armed. False when the sale is not one that Redis serves.
 * @throws StoreUnavailable
 */
export function armSale(services: Services, saleId: number): Promise<boolean> {
  const ofProcess = arming.get(services) ?? new Map<number, Promise<boolean>>();
  arming.set(services, ofProcess);
  const running = ofProcess.get(saleId) ?? arm(services, saleId).finally(() => ofProcess.delete(saleId));
  ofProcess.set(saleId, running);
  return running;
}

async function arm(services: Services, saleId: number): Promise<boolean> {
  const known = await services.catalog.sale(saleId);
  if (known === undefined || known.state === 'ended') return false;
  // One rebuilder over all processes: economy only, the scripts are safe without it.
  return exclusively(services.mysql, `flash_sale.rebuild.${saleId}`, async () => {
    // Whoever waited for the lock finds the work done.
    const sale = await findSale(services.mysql, saleId);
    if (sale !== undefined && (await isUpToDate(services, sale))) return true;
    const rebuilt = await rebuildSale(services, saleId);
    if (rebuilt.kind === 'refused') throw new StoreUnavailable('redis', rebuilt.reasons.join('; '));
    return rebuilt.kind !== 'not_served';
  });
}

/**
 * Arms every sale that should be and is not, and rebuilds those whose terms in Redis are not those of SQL: whoever
 * changed them died before telling Redis. @returns how many were rebuilt.
 */
export async function keepSalesArmed(services: Services): Promise<number> {
  let count = 0;
  for (const sale of await servedSales(services)) {
    if (await isUpToDate(services, sale)) continue;
    await armSale(services, sale.id);
    count += 1;
  }
  return count;
}

export function servedSales({ mysql }: Services): Promise<Sale[]> {
  return statement(mysql, (sql) => sql.select().from(sales).where(inArray(sales.state, ARMED_SALE_STATES)));
}

async function isUpToDate({ redis }: Services, sale: Sale): Promise<boolean> {
  const stock = await readSale(redis, sale.id);
  return stock.kind === 'sale' && stock.epoch === sale.epoch && isSameState(stock, sale);
}

/** Redis follows a sale's window by itself, so moves by time are not told. */
function isSameState(stock: SaleStock, sale: Sale): boolean {
  const inRedis = byTime(stock.state, stock.closesAtMs, stock.nowMs);
  const inSql = byTime(sale.state, sale.closesAt?.getTime() ?? null, stock.nowMs);
  return inRedis === inSql;
}

function byTime(state: SaleState, closesAtMs: number | null, nowMs: number): SaleState {
  if (state !== 'scheduled' && state !== 'live') return state;
  return closesAtMs !== null && closesAtMs <= nowMs ? 'draining' : 'live';
}
