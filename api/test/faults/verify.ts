/**
 * Compares what the stores hold with what clients were told, from connections made for it, past every link. What it
 * finds here is what an accountant would find who trusts nobody.
 */

import { eq, inArray, sql as raw } from 'drizzle-orm';
import { buyerUnits, deliveries, orders, payments, sales } from '@flash-sale/drizzle/schema.ts';
import { minorFromMajor } from '@flash-sale/shared/units.ts';
import { snapshot, statement, type Sql } from '../../mysql/transaction.ts';
import { auditSale } from '../../orders/audit.ts';
import type { Services } from '../../services.ts';
import { StoreUnavailable } from '../../store-unavailable.ts';
import type { Board, OpenSale } from './board.ts';
import type { Stack } from './stack.ts';
import type { NoticeTold, OrderTold, Told } from './told.ts';
import type { Violations } from './violations.ts';

const CHUNK = 500;

/** Stock must be exact again this soon after the stores answer. */
const EXACT_WITHIN_MS = 5_000;

export interface Verifier {
  readonly stack: Stack;
  readonly board: Board;
  readonly told: Told;
  readonly violations: Violations;
}

/** How far into the history the acknowledgements were compared. */
export interface Cursor {
  orders: number;
  notices: number;
}

/**
 * I1 and I2 of every sale that Redis serves, exactly. A drift is a violation at any time; a sale that is not armed
 * only after 5 s. @returns milliseconds until all were seen exact; null when they were not
 */
export async function untilExact(
  verifier: Verifier,
  answeringAt: number,
  unnoticedMs: number,
): Promise<number | null> {
  const { board, stack, violations } = verifier;
  const deadline = Math.max(answeringAt + unnoticedMs, Date.now()) + EXACT_WITHIN_MS;
  const exact = new Set<number>();
  let missing: string[] = [];
  do {
    const services = await stack.look().catch(() => null);
    if (services === null) {
      missing = ['a store does not answer'];
      continue;
    }
    try {
      missing = [];
      for (const sale of await board.served(services)) {
        if (exact.has(sale.saleId)) continue;
        const says = await lookAt(services, sale, violations);
        if (says === null) exact.add(sale.saleId);
        else missing.push(says);
      }
      if (missing.length === 0) return Math.max(0, Date.now() - answeringAt);
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      missing = [error.message];
    } finally {
      await services.close();
    }
    await Bun.sleep(20);
  } while (Date.now() < deadline);
  violations.add('I8', `not exact ${EXACT_WITHIN_MS} ms after the stores answered: ${missing.join('; ')}`);
  return null;
}

/** @returns what is missing before it can be compared; null when it was, whatever was found. */
async function lookAt(services: Services, sale: OpenSale, violations: Violations): Promise<string | null> {
  const { saleId, kindName } = sale;
  const audit = await auditSale(services, saleId);
  if (audit === null) return `sale ${saleId} (${kindName}) is not armed`;
  const { committed, ordered, allotment, drift, unlisted } = audit;
  const about = [`sale ${saleId}`, JSON.stringify(audit)];
  if (committed > allotment || ordered > allotment) {
    violations.add(
      'I1',
      `sale ${saleId} (${kindName}) is oversold: ${ordered} of ${allotment} are ordered`,
      about,
    );
  }
  if (committed !== ordered) {
    violations.add(
      'I1',
      `sale ${saleId} (${kindName}) counts ${committed}, its orders have ${ordered}`,
      about,
    );
  }
  if (unlisted !== 0) {
    violations.add('I8', `sale ${saleId} (${kindName}) has ${unlisted} holds that nobody would end`, about);
  }
  if (drift !== 0) violations.add('I2', `sale ${saleId} (${kindName}) drifts by ${drift}`, about);
  return null;
}

/** Everything acknowledged since the cursor, and the sums over all orders. */
export async function compare(verifier: Verifier, cursor: Cursor): Promise<void> {
  const { stack, told, violations } = verifier;
  const newOrders = told.orders.slice(cursor.orders);
  const newNotices = told.notices.slice(cursor.notices);
  const services = await stack.look();
  try {
    await statement(services.mysql, async (sql) => {
      for (const chunk of chunks(newOrders)) await compareOrders(sql, chunk, violations);
      for (const chunk of chunks(newNotices)) await compareNotices(sql, chunk, violations);
    });
    await snapshot(services.mysql, (sql) => compareSums(sql, violations));
  } finally {
    await services.close();
  }
  cursor.orders += newOrders.length;
  cursor.notices += newNotices.length;
}

function* chunks<Item>(items: readonly Item[]): Generator<Item[]> {
  for (let start = 0; start < items.length; start += CHUNK) yield items.slice(start, start + CHUNK);
}

async function compareOrders(sql: Sql, told: readonly OrderTold[], violations: Violations): Promise<void> {
  const rows = await sql
    .select()
    .from(orders)
    .where(
      inArray(
        orders.id,
        told.map(({ orderId }) => orderId),
      ),
    );
  const rowOf = new Map(rows.map((row) => [row.id, row]));
  for (const { orderId, holdId, intentId, quantity, amount, currency } of told) {
    const row = rowOf.get(orderId);
    const about = [orderId, holdId, intentId];
    if (row === undefined) {
      violations.add('I6', `the acknowledged order ${orderId} is not in SQL`, about);
      continue;
    }
    const isSame =
      row.holdId === holdId &&
      row.paymentIntentId === intentId &&
      row.quantity === quantity &&
      row.currency === currency &&
      row.amountMinor === minorFromMajor(amount, currency);
    if (!isSame) violations.add('I6', `order ${orderId} is not what its buyer was told`, about);
  }
}

/** I6: every delivery that was answered is in SQL. I5: what was told of its payment is so. */
async function compareNotices(sql: Sql, told: readonly NoticeTold[], violations: Violations): Promise<void> {
  const known = await sql
    .select({ senderKey: deliveries.senderKey, intentId: deliveries.intentId })
    .from(deliveries)
    .where(
      inArray(
        deliveries.senderKey,
        told.map(({ webhookId }) => webhookId),
      ),
    );
  const recorded = new Set(known.map(({ senderKey, intentId }) => `${senderKey} ${intentId}`));
  const paid = await sql
    .select()
    .from(payments)
    .where(
      inArray(
        payments.intentId,
        told.map(({ intentId }) => intentId),
      ),
    );
  const paymentOf = new Map(paid.map((row) => [row.intentId, row]));
  for (const { webhookId, intentId, holdId, event, orderId, payment } of told) {
    const about = [webhookId, intentId, holdId];
    if (!recorded.has(`${webhookId} ${intentId}`)) {
      violations.add('I6', `the acknowledged notice ${webhookId} is not in SQL`, about);
    }
    if (event === 'failure' || payment === null) continue;
    const row = paymentOf.get(intentId);
    if (row?.disposition !== payment || row.orderId !== orderId) {
      const found = row === undefined ? 'missing' : `${row.disposition} of order ${row.orderId}`;
      violations.add('I5', `a payment told to be ${payment} of order ${orderId} is ${found}`, about);
    }
  }
}

/** I1 of every sale, and the same per buyer, in one snapshot. */
async function compareSums(sql: Sql, violations: Violations): Promise<void> {
  const committedUnits = raw<string>`coalesce(sum(if(${orders.state} in ('pending', 'paid'), ${orders.quantity}, 0)), 0)`;
  const ofSales = await sql
    .select({
      id: sales.id,
      allotment: sales.allotment,
      committed: sales.committed,
      ordered: committedUnits,
    })
    .from(sales)
    .leftJoin(orders, eq(orders.saleId, sales.id))
    .groupBy(sales.id);
  for (const { id, allotment, committed, ordered } of ofSales) {
    if (committed !== Number(ordered) || committed > allotment) {
      const says = `sale ${id}: ${committed} committed, ${ordered} ordered, ${allotment} allotted`;
      violations.add('I1', says, [`sale ${id}`]);
    }
  }
  const ofBuyers = await sql
    .select({
      saleId: buyerUnits.saleId,
      buyerId: buyerUnits.buyerId,
      units: buyerUnits.units,
      limit: sales.buyerLimit,
      ordered: committedUnits,
    })
    .from(buyerUnits)
    .innerJoin(sales, eq(sales.id, buyerUnits.saleId))
    .leftJoin(
      orders,
      raw`${orders.saleId} = ${buyerUnits.saleId} and ${orders.buyerId} = ${buyerUnits.buyerId}`,
    )
    .groupBy(buyerUnits.saleId, buyerUnits.buyerId);
  for (const { saleId, buyerId, units, limit, ordered } of ofBuyers) {
    if (units === Number(ordered) && (limit === null || units <= limit)) continue;
    const says = `${buyerId} of sale ${saleId}: ${units} counted, ${ordered} ordered, ${limit} allowed`;
    violations.add('I1', says, [`sale ${saleId}`, buyerId]);
  }
}
