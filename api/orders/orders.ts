/**
 * Turns a hold into an order: pin in Redis, decide in one SQL transaction, settle in Redis. A process may die
 * between any two steps; the same request again, or the settler, finishes.
 */

import { eq, sql as raw } from 'drizzle-orm';
import { orders, sales } from '@flash-sale/drizzle/schema.ts';
import { isDuplicateKey, transaction } from '../mysql/transaction.ts';
import { saleIdOf } from '../holds/hold-id.ts';
import { readOutcome, voidHold, type HoldOrder } from '../holds/outcome.ts';
import { pinHold, settleHolds, type Settlement } from '../redis/scripts.ts';
import { armSale, onArmedSale } from '../sales/arming.ts';
import type { Services } from '../services.ts';
import { StoreUnavailable } from '../store-unavailable.ts';
import { tellOrder } from './tell.ts';
import { commitUnits, TakeRefused, writeOrdered, type UnitsTaken } from './take.ts';

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
  for (let pins = 1; pins <= PINS_MAX; pins += 1) {
    const pin = await onArmedSale(services, saleId, () => pinHold(services.redis, saleId, holdId));
    switch (pin.kind) {
      case 'pinned': {
        services.reach('order.pinned');
        const { quantity, buyerId, epoch } = pin;
        const written = await writeOrder(services, request, { saleId, quantity, buyerId, epoch });
        if (written !== 'sale_rebuilt') return written;
        // Waits for the rebuild, or does it if whoever began it died.
        await armSale(services, saleId);
        break;
      }
      case 'expired':
        return { kind: 'hold_expired' };
      case 'released':
        return { kind: 'hold_released' };
      case 'halted':
        return answerWhileHalted(services, request);
      case 'ordered':
      case 'lost':
      case 'unknown':
      case 'not_served':
        return answerFromSql(services, request, pin.kind === 'lost');
    }
  }
  throw new StoreUnavailable('sql', 'the sale is being rebuilt');
}

async function writeOrder(
  services: Services,
  request: PlaceOrderRequest,
  taken: UnitsTaken,
): Promise<OrderPlaced | 'sale_rebuilt'> {
  const { holdId } = request;
  try {
    const order = await transaction(services.mysql, async (sql) => {
      const orderId = Bun.randomUUIDv7();
      await writeOrdered(sql, holdId, orderId, taken);
      const [terms] = await sql.select().from(sales).where(eq(sales.id, taken.saleId));
      if (terms === undefined) throw new Error(`hold ${holdId} is of no sale`);
      await sql.insert(orders).values({
        id: orderId,
        holdId,
        saleId: taken.saleId,
        buyerId: taken.buyerId,
        quantity: taken.quantity,
        amountMinor: terms.priceMinor * taken.quantity,
        currency: terms.currency,
        paymentIntentId: request.paymentIntentId,
        payBy: raw`date_add(utc_timestamp(3), interval ${terms.payWindowMs * 1_000} microsecond)`,
      });
      const [written] = await sql.select().from(orders).where(eq(orders.id, orderId));
      await commitUnits(sql, taken);
      services.reach('order.written');
      return written as Order;
    });
    services.reach('order.committed');
    settleSoon(services, taken.saleId, { holdId, outcome: 'ordered' });
    tellOrder(services, order, 'pending');
    return { kind: 'created', order };
  } catch (error) {
    if (isDuplicateKey(error, 'orders_payment_intent')) return { kind: 'payment_intent_mismatch' };
    if (isDuplicateKey(error)) return answerFromSql(services, request, false);
    if (!(error instanceof TakeRefused)) throw error;
    if (error.reason === 'epoch') return 'sale_rebuilt';
    if (error.reason === 'stopped') return { kind: 'sale_halted' };
    return refuseLost(services, request, taken);
  }
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
  taken: UnitsTaken,
): Promise<OrderPlaced> {
  const { holdId } = request;
  const { saleId } = taken;
  services.metrics.sqlGateRefusals.inc();
  services.log.warn('SQL refused a hold that Redis had granted', { holdId, saleId });
  const outcome = await voidHold(services, { holdId, saleId }, 'lost');
  await settleHolds(services.redis, saleId, [{ holdId, outcome }]);
  if (outcome !== 'lost') return answerFromSql(services, request, false);
  services.metrics.holdsLost.inc();
  return { kind: 'hold_lost' };
}

/** The buyer need not wait for this; if it does not happen, the settler does it. */
export function settleSoon(services: Services, saleId: number, settlement: Settlement): void {
  settleHolds(services.redis, saleId, [settlement]).then(
    () => services.reach('order.settled'),
    () => {},
  );
}
