/**
 * Turns a hold into an order: pin in Redis, decide in one SQL transaction, settle in Redis. A process may die
 * between any two steps; the same request again, or the settler, finishes.
 */

import { eq, inArray } from 'drizzle-orm';
import { raw as expression } from 'mysql2';
import { orders, sales } from '@flash-sale/drizzle/schema.ts';
import { ORDER_BATCH_MAX, REBUILD_WAIT_MAX_MS, SQL_LINE } from '@flash-sale/shared/limits.ts';
import { Batcher, eachAlone, type Answers } from '../batch.ts';
import { saleIdOf } from '../holds/hold-id.ts';
import { readOutcome, voidHold, type HoldOrder } from '../holds/outcome.ts';
import { isDuplicateKey } from '../mysql/faults.ts';
import { insertMany } from '../mysql/insert-many.ts';
import { transaction, type Sql } from '../mysql/transaction.ts';
import { perProcess } from '../per-process.ts';
import { pinHold, settleHolds, type Settlement } from '../redis/hold-scripts.ts';
import { armSale, onArmedSale } from '../sales/arming.ts';
import type { Services } from '../services.ts';
import { StoreUnavailable } from '../store-unavailable.ts';
import { commitUnits, TakeRefused, writeOrdered, type TakenFrom, type UnitsTaken } from './take.ts';
import { tellOrder } from './tell.ts';

export type Order = HoldOrder;

export interface PlaceOrderRequest {
  readonly holdId: string;
  readonly paymentIntentId: string;
}

export type OrderPlaced =
  | { kind: 'created'; order: Order }
  | { kind: 'existing'; order: Order }
  | { kind: 'hold_not_found' }
  | { kind: 'hold_expired' }
  | { kind: 'hold_released' }
  | { kind: 'hold_lost' }
  | { kind: 'sale_halted' }
  /** The hold was ordered with another intent, or the intent pays another order. */
  | { kind: 'payment_intent_mismatch' };

/** Pins per request: one more each time the sale is rebuilt between pin and commit. */
const PINS_MAX = 3;

/** @throws StoreUnavailable: the order may exist; the same request again finds it. */
export async function placeOrder(services: Services, request: PlaceOrderRequest): Promise<OrderPlaced> {
  const { holdId } = request;
  const saleId = saleIdOf(holdId);
  if (saleId === null) return { kind: 'hold_not_found' };
  const untilMs = performance.now() + REBUILD_WAIT_MAX_MS;
  for (let pins = 1; pins <= PINS_MAX; pins += 1) {
    const pin = await onArmedSale(services, saleId, () => pinHold(services.redis, saleId, holdId), untilMs);
    switch (pin.kind) {
      case 'pinned': {
        services.reach('order.pinned');
        const { quantity, buyerId, epoch } = pin;
        const pinned = { request, taken: { quantity, buyerId } };
        const written = await writerOf(services).call(keyOf({ saleId, epoch }), pinned);
        if (written !== 'sale_rebuilt') return written;
        // Waits for the rebuild, or does it if whoever began it died.
        await armSale(services, saleId, untilMs);
        break;
      }
      case 'expired':
        return { kind: 'hold_expired' };
      case 'released':
        return { kind: 'hold_released' };
      case 'halted':
        return answerWhileHalted(services, request);
      // Ordered: if SQL does not know, it was restored from a backup of before.
      case 'ordered':
      case 'lost':
        return answerFromSql(services, request, true);
      case 'unknown':
      case 'not_served':
        return answerFromSql(services, request, false);
    }
  }
  throw new StoreUnavailable('redis', 'the sale is being rebuilt');
}

interface Pinned {
  readonly request: PlaceOrderRequest;
  readonly taken: UnitsTaken;
}

type Written = OrderPlaced | 'sale_rebuilt';

/**
 * Orders that come while another is being written share the next transaction: one round trip for each statement, one
 * lock of the sale's row and one write to the log for all of them.
 */
const writerOf = perProcess(
  (services) =>
    new Batcher<Pinned, Written, string>(
      ORDER_BATCH_MAX,
      (from, pinned) => writeOrders(services, fromKey(from), pinned),
      SQL_LINE,
    ),
);

const keyOf = ({ saleId, epoch }: TakenFrom): string => `${saleId} ${epoch}`;

function fromKey(key: string): TakenFrom {
  const [saleId = Number.NaN, epoch = Number.NaN] = key.split(' ').map(Number);
  return { saleId, epoch };
}

/** All of them, or each by itself when SQL refuses one. */
async function writeOrders(services: Services, from: TakenFrom, pinned: Pinned[]): Promise<Answers<Written>> {
  const alone = (one: Pinned) => writeAlone(services, from, one);
  if (pinned.length === 1) return eachAlone(pinned, alone);
  try {
    return await commitOrders(services, from, pinned);
  } catch (error) {
    if (error instanceof StoreUnavailable) throw error;
    return eachAlone(pinned, alone);
  }
}

async function writeAlone(services: Services, from: TakenFrom, pinned: Pinned): Promise<Written> {
  try {
    const [written] = await commitOrders(services, from, [pinned]);
    return written as Written;
  } catch (error) {
    if (!isDuplicateKey(error) && !(error instanceof TakeRefused)) throw error;
    return refused(services, from, pinned, error);
  }
}

async function commitOrders(services: Services, from: TakenFrom, pinned: Pinned[]): Promise<Written[]> {
  const orders = await transaction(services.mysql, (sql) => insertOrders(services, sql, from, pinned));
  services.reach('order.committed');
  return orders.map((order) => {
    settleSoon(services, from.saleId, { holdId: order.holdId, outcome: 'ordered' });
    tellOrder(services, order, 'pending');
    return { kind: 'created', order };
  });
}

async function insertOrders(
  services: Services,
  sql: Sql,
  from: TakenFrom,
  pinned: readonly Pinned[],
): Promise<Order[]> {
  const { saleId } = from;
  const written = pinned.map(({ request }) => ({ holdId: request.holdId, orderId: Bun.randomUUIDv7() }));
  await writeOrdered(sql, saleId, written);
  const [terms] = await sql.select().from(sales).where(eq(sales.id, saleId));
  if (terms === undefined) throw new Error(`holds of a sale ${saleId} that is none`);
  const ids = written.map(({ orderId }) => orderId);
  const payBy = expression(`date_add(utc_timestamp(3), interval ${terms.payWindowMs * 1_000} microsecond)`);
  await insertMany(
    sql,
    orders,
    pinned.map(({ request, taken }, index) => ({
      id: ids[index] as string,
      holdId: request.holdId,
      saleId,
      buyerId: taken.buyerId,
      quantity: taken.quantity,
      amountMinor: terms.priceMinor * taken.quantity,
      currency: terms.currency,
      paymentIntentId: request.paymentIntentId,
      payBy,
    })),
  );
  const rows = await sql.select().from(orders).where(inArray(orders.id, ids));
  await commitUnits(
    sql,
    from,
    pinned.map(({ taken }) => taken),
  );
  services.reach('order.written');
  const byId = new Map(rows.map((row) => [row.id, row as Order]));
  return ids.map((id) => byId.get(id) as Order);
}

async function refused(
  services: Services,
  from: TakenFrom,
  { request }: Pinned,
  error: unknown,
): Promise<Written> {
  if (isDuplicateKey(error, 'orders_payment_intent')) return { kind: 'payment_intent_mismatch' };
  if (!(error instanceof TakeRefused)) return answerFromSql(services, request, false);
  if (error.reason === 'epoch') return 'sale_rebuilt';
  if (error.reason === 'stopped') return { kind: 'sale_halted' };
  return refuseLost(services, request, from.saleId);
}

/** Nothing new becomes an order, but one that was made before is told. */
async function answerWhileHalted(services: Services, request: PlaceOrderRequest): Promise<OrderPlaced> {
  const answer = await answerFromSql(services, request, false);
  return answer.kind === 'hold_not_found' ? { kind: 'sale_halted' } : answer;
}

/** The hold has an outcome, or Redis does not know it: the row in SQL is the answer. */
async function answerFromSql(
  services: Services,
  { holdId, paymentIntentId }: PlaceOrderRequest,
  isLost: boolean,
): Promise<OrderPlaced> {
  const written = await readOutcome(services, holdId);
  if (written?.order) {
    const { order } = written;
    settleSoon(services, order.saleId, { holdId, outcome: 'ordered' });
    return order.paymentIntentId === paymentIntentId
      ? { kind: 'existing', order }
      : { kind: 'payment_intent_mismatch' };
  }
  if (written?.outcome === 'expired') return { kind: 'hold_expired' };
  if (written?.outcome === 'released') return { kind: 'hold_released' };
  if (written?.outcome === 'lost' || isLost) {
    services.metrics.holdsLost.inc();
    return { kind: 'hold_lost' };
  }
  return { kind: 'hold_not_found' };
}

/** SQL said no to a hold that Redis granted: Redis had lost data. The buyer is told, and nobody is oversold. */
async function refuseLost(
  services: Services,
  request: PlaceOrderRequest,
  saleId: number,
): Promise<OrderPlaced> {
  const { holdId } = request;
  services.metrics.sqlGateRefusals.inc();
  services.log.warn('SQL refused a hold that Redis had granted', { holdId, saleId });
  const outcome = await voidHold(services, { holdId, saleId }, 'lost');
  await settleHolds(services.redis, saleId, [{ holdId, outcome }]);
  if (outcome !== 'lost') return answerFromSql(services, request, false);
  services.metrics.holdsLost.inc();
  return { kind: 'hold_lost' };
}

/** The buyer need not wait for this; if it does not happen, the settler does it. */
function settleSoon(services: Services, saleId: number, settlement: Settlement): void {
  settlerOf(services)
    .call(saleId, settlement)
    .then(
      () => services.reach('order.settled'),
      () => {},
    );
}

const settlerOf = perProcess(
  (services) =>
    new Batcher<Settlement, void>(ORDER_BATCH_MAX, async (saleId, settlements) => {
      await settleHolds(services.redis, saleId, settlements);
      return [];
    }),
);
