/**
 * A payment whose order is over takes its units again if nobody else was promised them. Redis is asked first, as
 * for every take; the take has an id of its own, with an outcome of its own.
 */

import { newHoldId } from '../holds/hold-id.ts';
import { voidHold } from '../holds/outcome.ts';
import type { Sql } from '../mysql/transaction.ts';
import { deliverCredits } from '../orders/give.ts';
import type { Order } from '../orders/orders.ts';
import { commitUnits, writeOrdered } from '../orders/take.ts';
import { settleHolds, takeUnits } from '../redis/hold-scripts.ts';
import { onArmedSale } from '../sales/arming.ts';
import type { Services } from '../services.ts';

export type LateTake =
  | { kind: 'taken'; takeId: string; saleId: number; epoch: number }
  /** No units, or the sale is over: the money is owed back. */
  | { kind: 'refused' };

/**
 * The take has an id of its own in every attempt. A process that dies with units in hand keeps them from the next
 * attempt until its lease is over; an id that came back could be settled twice.
 * @throws StoreUnavailable: nothing is decided yet
 */
export async function takeForLate(services: Services, order: Order): Promise<LateTake> {
  const { saleId, quantity, buyerId } = order;
  // The units that this very order gave back may still be on their way to Redis.
  await deliverCredits(services, saleId);
  const takeId = newHoldId(saleId);
  const reply = await onArmedSale(services, saleId, () =>
    takeUnits(services.redis, saleId, { takeId, quantity, buyerId }),
  );
  if (reply.kind !== 'taken') return { kind: 'refused' };
  return { kind: 'taken', takeId, saleId, epoch: reply.epoch };
}

/** @throws TakeRefused */
export async function commitLateTake(
  sql: Sql,
  order: Order,
  { takeId, saleId, epoch }: Extract<LateTake, { kind: 'taken' }>,
): Promise<void> {
  await writeOrdered(sql, saleId, [{ holdId: takeId, orderId: order.id }]);
  await commitUnits(sql, { saleId, epoch }, [order]);
}

/** Settles the take's pin, as used or as given up. If this does not happen, the settler does it. */
export async function finishLateTake(
  services: Services,
  { takeId, saleId }: Extract<LateTake, { kind: 'taken' }>,
  isUsed: boolean,
): Promise<void> {
  const outcome = isUsed ? 'ordered' : await voidHold(services, { holdId: takeId, saleId }, 'expired');
  await settleHolds(services.redis, saleId, [{ holdId: takeId, outcome }]).catch(() => {});
}
