/**
 * Changes the allotment of a sale that is on. Units are added SQL first, like everything that is given; they are taken
 * out Redis first, like everything that is taken, so that no unit leaves that somebody was promised.
 */

import { eq } from 'drizzle-orm';
import { holdOutcomes, sales, stockCredits } from '@flash-sale/drizzle/schema.ts';
import type { SaleState } from '@flash-sale/shared/lifecycle.ts';
import { ALLOTMENT_MAX, REBUILD_WAIT_MAX_MS } from '@flash-sale/shared/limits.ts';
import { publish } from '../events/publish.ts';
import { newHoldId } from '../holds/hold-id.ts';
import { voidHold } from '../holds/outcome.ts';
import { isDuplicateKey } from '../mysql/faults.ts';
import { transaction, type Sql } from '../mysql/transaction.ts';
import { awaitTurn, bySystem, record, type Act } from '../operators/audit-log.ts';
import { findSale, type Sale } from '../products/catalog.ts';
import { settleHolds, takeUnits } from '../redis/hold-scripts.ts';
import { armSale, onArmedSale } from '../sales/arming.ts';
import type { Services } from '../services.ts';
import { StoreUnavailable, unlessAway } from '../store-unavailable.ts';
import { deliverCredits } from './give.ts';

/** A draft is edited instead, and what is over stays as it was. */
const CHANGED_IN = ['scheduled', 'live', 'paused'] as const satisfies readonly SaleState[];

export type AllotmentChanged =
  | { kind: 'changed'; allotment: number }
  | { kind: 'sale_not_found' }
  | { kind: 'impossible'; state: SaleState; possibleIn: readonly SaleState[] }
  /** How many units may be added or taken out at most. */
  | { kind: 'too_many'; possible: number };

/** Adds units. @throws StoreUnavailable: they may have been added; the same Idempotency-Key says so. */
export async function restock(
  services: Services,
  saleId: number,
  units: number,
  act: Act = bySystem('allotment'),
): Promise<AllotmentChanged> {
  const changed = await transaction(services.mysql, async (sql): Promise<AllotmentChanged> => {
    await awaitTurn(sql);
    const [sale] = await sql.select().from(sales).where(eq(sales.id, saleId)).for('update');
    if (sale === undefined) return { kind: 'sale_not_found' };
    const refusal = refuseState(sale);
    if (refusal !== null) return refusal;
    const allotment = sale.allotment + units;
    if (allotment > ALLOTMENT_MAX) return { kind: 'too_many', possible: ALLOTMENT_MAX - sale.allotment };
    const seq = sale.seq + 1;
    await sql.update(sales).set({ allotment, seq }).where(eq(sales.id, saleId));
    await sql
      .insert(stockCredits)
      .values({ saleId, seq, units, reason: 'restock', reference: crypto.randomUUID() });
    await recordChange(sql, act, 'sale.restock', sale, allotment);
    return { kind: 'changed', allotment };
  });
  if (changed.kind !== 'changed') return changed;
  services.reach('give.committed');
  tellChange(services, saleId, units, changed.allotment, act);
  // If Redis cannot be told now, a worker does it.
  await deliverCredits(services, saleId).catch(unlessAway);
  await services.catalog.refresh();
  return changed;
}

/** Attempts at a shrink: one more each time the sale is rebuilt between its two steps. */
const TAKES_MAX = 3;

/**
 * Takes units out that nobody holds and nobody ordered. A process that dies in between leaves a pin that the settler
 * voids: the units are back when its lease is over.
 * @throws StoreUnavailable: they may have been taken out; the same Idempotency-Key says so.
 */
export async function shrink(
  services: Services,
  saleId: number,
  units: number,
  act: Act = bySystem('allotment'),
): Promise<AllotmentChanged> {
  const untilMs = performance.now() + REBUILD_WAIT_MAX_MS;
  for (let takes = 1; takes <= TAKES_MAX; takes += 1) {
    const sale = await findSale(services.mysql, saleId);
    if (sale === undefined) return { kind: 'sale_not_found' };
    const refusal = refuseState(sale);
    if (refusal !== null) return refusal;
    // Units that are on their way to Redis may be taken out too.
    await deliverCredits(services, saleId);
    const takeId = newHoldId(saleId);
    const take = () => takeUnits(services.redis, saleId, { takeId, quantity: units, buyerId: null });
    const reply = await onArmedSale(services, saleId, take, untilMs);
    if (reply.kind === 'insufficient_stock') return { kind: 'too_many', possible: reply.available };
    if (reply.kind === 'not_served' || reply.kind === 'closed') continue;
    if (reply.kind !== 'taken') throw new Error(`units to be withdrawn are ${reply.kind}`);
    services.reach('shrink.taken');
    const written = await withdraw(services, { takeId, saleId, units, epoch: reply.epoch }, act);
    if (written.kind !== 'sale_rebuilt') return written;
    await armSale(services, saleId, untilMs);
  }
  throw new StoreUnavailable('redis', 'the sale is being rebuilt');
}

interface Withdrawal {
  readonly takeId: string;
  readonly saleId: number;
  readonly units: number;
  /** Of the Redis that vouches for the units. */
  readonly epoch: number;
}

/** SQL decides, and Redis is told what it decided. */
async function withdraw(
  services: Services,
  take: Withdrawal,
  act: Act,
): Promise<AllotmentChanged | { kind: 'sale_rebuilt' }> {
  const { takeId, saleId } = take;
  const written = await decide(services, take, act);
  if (written.kind === 'changed') services.reach('shrink.committed');
  const outcome =
    written.kind === 'changed'
      ? 'withdrawn'
      : await voidHold(services, { holdId: takeId, saleId }, 'released');
  // If Redis cannot be told now, the settler does it.
  await settleHolds(services.redis, saleId, [{ holdId: takeId, outcome }]).catch(unlessAway);
  if (written.kind === 'asked_before') throw written.error;
  if (written.kind === 'changed') tellChange(services, saleId, -take.units, written.allotment, act);
  await services.catalog.refresh();
  return written;
}

type Decided =
  | AllotmentChanged
  | { kind: 'sale_rebuilt' }
  /** Under this Idempotency-Key; whoever keeps the keys knows what was answered. */
  | { kind: 'asked_before'; error: unknown };

async function decide({ mysql }: Services, take: Withdrawal, act: Act): Promise<Decided> {
  try {
    return await transaction(mysql, (sql) => writeWithdrawal(sql, take, act));
  } catch (error) {
    if (isDuplicateKey(error, 'audit_log_once')) return { kind: 'asked_before', error };
    // The settler voided a take that took too long.
    if (isDuplicateKey(error, 'PRIMARY')) return { kind: 'sale_rebuilt' };
    throw error;
  }
}

/** Refuses before it writes anything. Nobody but the settler knows the take, so its row may come after the sale's. */
async function writeWithdrawal(
  sql: Sql,
  { takeId, saleId, units, epoch }: Withdrawal,
  act: Act,
): Promise<Decided> {
  await awaitTurn(sql);
  const [sale] = await sql.select().from(sales).where(eq(sales.id, saleId)).for('update');
  if (sale === undefined) return { kind: 'sale_not_found' };
  if (sale.epoch !== epoch) return { kind: 'sale_rebuilt' };
  const refusal = refuseState(sale);
  if (refusal !== null) return refusal;
  // Only after Redis lost data: it vouched for units that are ordered.
  const free = sale.allotment - sale.committed;
  if (units > free) return { kind: 'too_many', possible: free };
  const allotment = sale.allotment - units;
  await sql.insert(holdOutcomes).values({ holdId: takeId, saleId, outcome: 'withdrawn' });
  await sql
    .update(sales)
    .set({ allotment, seq: sale.seq + 1 })
    .where(eq(sales.id, saleId));
  await recordChange(sql, act, 'sale.shrink', sale, allotment);
  return { kind: 'changed', allotment };
}

function refuseState({ state }: Sale): AllotmentChanged | null {
  const isPossible = (CHANGED_IN as readonly SaleState[]).includes(state);
  return isPossible ? null : { kind: 'impossible', state, possibleIn: CHANGED_IN };
}

function recordChange(sql: Sql, act: Act, action: string, sale: Sale, allotment: number): Promise<void> {
  const target = `sale ${sale.id}`;
  return record(sql, act, { action, target, before: { allotment: sale.allotment }, after: { allotment } });
}

function tellChange(services: Services, saleId: number, change: number, allotment: number, act: Act): void {
  publish(services, saleId, { type: 'stock.changed', change, allotment, by: act.actor });
}
