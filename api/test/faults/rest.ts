/** The end of a campaign: the load is over, everything settles by itself, and then every account has to close. */

import { and, eq, exists, inArray, ne, or, sql as raw } from 'drizzle-orm';
import { deliveries, heartbeats, orders, payments, sales, stockCredits } from '@flash-sale/drizzle/schema.ts';
import { snapshot, statement, type Sql } from '../../mysql/transaction.ts';
import { auditSale } from '../../orders/audit.ts';
import { readSale } from '../../redis/sale-scripts.ts';
import type { Services } from '../../services.ts';
import { endLeases } from '../settling.ts';
import type { OpenSale } from './board.ts';
import { compare, type Verifier } from './verify.ts';

/** A pin's lease, a pause of expiry after an outage, and the longest wait for a parked delivery, with room. */
const SETTLED_WITHIN_MS = 180_000;

/**
 * I8: waits until nothing is on its way any more. @param isHurried lets waiting be over, as if time had passed
 * @returns milliseconds; null when something does not come to rest
 */
export async function untilAtRest(
  verifier: Verifier,
  isHurried: boolean,
  onRestless: (what: readonly string[]) => void,
): Promise<number | null> {
  const startedAt = Date.now();
  let restless: string[] = [];
  while (Date.now() - startedAt < SETTLED_WITHIN_MS) {
    restless = await findRestless(verifier, isHurried).catch((error: Error) => [error.message]);
    onRestless(restless);
    if (restless.length === 0) return Date.now() - startedAt;
    await Bun.sleep(isHurried ? 100 : 500);
  }
  verifier.violations.add('I8', `not at rest after ${SETTLED_WITHIN_MS / 1_000} s: ${restless.join('; ')}`);
  return null;
}

async function findRestless({ stack, board }: Verifier, isHurried: boolean): Promise<string[]> {
  const services = await stack.look();
  try {
    const restless = await statement(services.mysql, countRestless);
    for (const sale of await board.served(services)) {
      if (isHurried) await endLeases(services, sale.saleId);
      const audit = await auditSale(services, sale.saleId);
      const moving = audit === null ? 'is not armed' : movingOf(audit);
      if (moving !== '') restless.push(`sale ${sale.saleId} ${moving}`);
    }
    if (isHurried) await statement(services.mysql, endWaiting);
    return restless;
  } finally {
    await services.close();
  }
}

function movingOf(audit: { held: number; pinned: number; owed: number }): string {
  const { held, pinned, owed } = audit;
  return held + pinned + owed === 0 ? '' : `has ${held} held, ${pinned} pinned, ${owed} owed`;
}

/** An order that the delivery is for. */
const isForAnOrder = (sql: Sql) =>
  exists(
    sql
      .select({ one: raw`1` })
      .from(orders)
      .where(or(eq(orders.paymentIntentId, deliveries.intentId), eq(orders.holdId, deliveries.holdId))),
  );

async function countRestless(sql: Sql): Promise<string[]> {
  const count = { count: raw<number>`count(*)` };
  const found: [string, { count: number }[]][] = [
    ['orders are pending', await sql.select(count).from(orders).where(eq(orders.state, 'pending'))],
    [
      'deliveries are not processed',
      await sql.select(count).from(deliveries).where(eq(deliveries.state, 'received')),
    ],
    [
      'deliveries are parked, and their orders are there',
      await sql
        .select(count)
        .from(deliveries)
        .where(and(eq(deliveries.state, 'parked'), isForAnOrder(sql))),
    ],
    [
      'credits are not delivered',
      await sql
        .select(count)
        .from(stockCredits)
        .innerJoin(sales, eq(sales.id, stockCredits.saleId))
        .where(and(raw`${stockCredits.deliveredAt} is null`, ne(sales.state, 'ended'))),
    ],
    ['sales are draining', await sql.select(count).from(sales).where(eq(sales.state, 'draining'))],
  ];
  return found
    .filter(([, rows]) => Number(rows[0]?.count) > 0)
    .map(([what, rows]) => `${rows[0]?.count} ${what}`);
}

async function endWaiting(sql: Sql): Promise<void> {
  await sql.update(heartbeats).set({ pausedUntil: null });
  await sql
    .update(deliveries)
    .set({ nextAttemptAt: raw`utc_timestamp(3) - interval 1 second` })
    .where(and(eq(deliveries.state, 'parked'), isForAnOrder(sql)));
}

export interface FinalFigures {
  readonly sales: number;
  readonly orders: Record<string, number>;
  readonly payments: Record<string, number>;
  /** Notices of payments for orders that were never made. */
  readonly parked: number;
}

/** I1..I6 over everything that was ever acknowledged. Call it at rest. */
export async function closeAccounts(verifier: Verifier): Promise<FinalFigures> {
  const { stack, board } = verifier;
  await compare(verifier, { orders: 0, notices: 0 });
  const services = await stack.look();
  try {
    for (const sale of await board.served(services)) await closeSale(verifier, services, sale);
    // At rest nothing changes between them; each has a deadline of its own.
    await snapshot(services.mysql, (sql) => closePayments(verifier, sql));
    await snapshot(services.mysql, (sql) => closeOrders(verifier, sql));
    return await snapshot(services.mysql, (sql) => readFigures(verifier, sql));
  } finally {
    await services.close();
  }
}

/** No unit is leaked, none is there twice: what Redis offers is what SQL has left. */
async function closeSale({ violations }: Verifier, services: Services, sale: OpenSale): Promise<void> {
  const { saleId, kindName } = sale;
  const audit = await auditSale(services, saleId);
  const stock = await readSale(services.redis, saleId);
  const about = [`sale ${saleId}`, JSON.stringify(audit), JSON.stringify(stock)];
  const isClosed =
    audit !== null &&
    stock.kind === 'sale' &&
    audit.drift === 0 &&
    stock.holds + stock.pins === 0 &&
    stock.available === audit.allotment - audit.committed &&
    audit.committed === audit.ordered &&
    audit.committed <= audit.allotment;
  if (!isClosed) violations.add('I2', `sale ${saleId} (${kindName}) does not close`, about);
}

/** I5: one payment for every intent whose success was acknowledged, none that nobody sent. */
async function closePayments({ told, violations }: Verifier, sql: Sql): Promise<void> {
  const rows = await sql.select().from(payments);
  const paymentOf = new Map(rows.map((row) => [row.intentId, row]));
  for (const { intentId } of rows) {
    if (!told.intentsSent.has(intentId)) {
      violations.add('I5', `there is a payment ${intentId} that no provider sent`, [intentId]);
    }
  }
  const ordered = await sql.select({ holdId: orders.holdId, intentId: orders.paymentIntentId }).from(orders);
  const known = new Set(ordered.flatMap(({ holdId, intentId }) => [holdId, intentId]));
  const received = await sql
    .select({
      senderKey: deliveries.senderKey,
      event: deliveries.event,
      holdId: deliveries.holdId,
      intentId: deliveries.intentId,
    })
    .from(deliveries);
  const hasOrder = new Set<string>();
  for (const { senderKey, event, holdId, intentId } of received) {
    if (senderKey !== null && told.forged.has(senderKey)) {
      violations.add('I5', `the forged notice ${senderKey} was recorded`, [senderKey]);
    }
    const isForOrder = known.has(intentId) || known.has(holdId ?? '');
    if (event === 'payment_success' && isForOrder) hasOrder.add(intentId);
  }
  for (const { intentId, event, holdId } of told.notices) {
    if (event === 'success' && hasOrder.has(intentId) && !paymentOf.has(intentId)) {
      violations.add('I5', `the acknowledged payment ${intentId} has no disposition`, [intentId, holdId]);
    }
  }
}

/** A paid order was paid by exactly one payment, any other by none; whose money came too late is owed it. */
async function closeOrders({ told, violations }: Verifier, sql: Sql): Promise<void> {
  const rows = await sql
    .select({
      id: orders.id,
      holdId: orders.holdId,
      intentId: orders.paymentIntentId,
      state: orders.state,
      applied: raw<string>`coalesce(sum(${payments.disposition} in ('applied', 'late_applied')), 0)`,
    })
    .from(orders)
    .leftJoin(payments, eq(payments.orderId, orders.id))
    .groupBy(orders.id);
  for (const { id, holdId, intentId, state, applied } of rows) {
    const hold = told.holds.get(holdId);
    const about = [id, holdId, intentId];
    if (Number(applied) !== (state === 'paid' ? 1 : 0)) {
      violations.add('I5', `order ${id} is ${state}, and ${applied} payments were applied to it`, about);
    }
    if (hold !== undefined && hold.paid !== null && state !== 'paid') {
      violations.add('I6', `order ${id} was told to be paid and is ${state}`, about);
    }
  }
  const credits = await sql
    .select({ reference: stockCredits.reference })
    .from(stockCredits)
    .where(inArray(stockCredits.reason, ['order_expired', 'order_cancelled']));
  const returned = new Set(credits.map(({ reference }) => reference));
  for (const { id, holdId, state } of rows) {
    // Which orders ended is known; a reason and its order can be written once only.
    const hasEnded = state === 'expired' || state === 'cancelled' || state === 'refund_due';
    if (hasEnded && !returned.has(id)) {
      violations.add('I4', `the units of order ${id} (${state}) did not come back`, [id, holdId]);
    }
  }
}

async function readFigures({ board }: Verifier, sql: Sql): Promise<FinalFigures> {
  const count = raw<number>`count(*)`;
  const ofOrders = await sql.select({ key: orders.state, count }).from(orders).groupBy(orders.state);
  const ofPayments = await sql
    .select({ key: payments.disposition, count })
    .from(payments)
    .groupBy(payments.disposition);
  const [parked] = await sql.select({ count }).from(deliveries).where(eq(deliveries.state, 'parked'));
  return {
    sales: board.all.length,
    orders: table(ofOrders),
    payments: table(ofPayments),
    parked: Number(parked?.count),
  };
}

function table(rows: readonly { key: string; count: number }[]): Record<string, number> {
  return Object.fromEntries(rows.map(({ key, count }) => [key, Number(count)]));
}
