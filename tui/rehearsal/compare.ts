/** What buyers were told against what is written down, when it is over. */

import type { OperatedOrder } from '@flash-sale/shared/contracts/operator-order.ts';
import type { OrderState } from '@flash-sale/shared/lifecycle.ts';
import type { Judge } from './rules.ts';
import type { Told, ToldOrder } from './told.ts';

export interface OrdersSeen {
  readonly orders: number;
  readonly paidUnits: number;
}

/** Looks at each order once. */
export async function compareOrders(
  orders: AsyncIterable<OperatedOrder>,
  told: Told,
  judge: Judge,
): Promise<OrdersSeen> {
  const missing = new Set(told.orders.keys());
  const holds = new Set<string>();
  let [count, paidUnits, untold] = [0, 0, 0];
  for await (const { order_id: id, hold_id: holdId, state, quantity } of orders) {
    count += 1;
    if (state === 'paid') paidUnits += quantity;
    if (holds.has(holdId)) judge.breach('orders', `the hold ${holdId} has two orders`);
    holds.add(holdId);
    const own = told.orders.get(id);
    if (own === undefined) untold += 1;
    else compare(own, state, quantity, judge);
    missing.delete(id);
  }
  for (const id of missing) {
    judge.breach('orders', `the order ${id} was confirmed to its buyer, and is not there`);
  }
  if (untold > told.unsureOrders()) {
    judge.breach('orders', `${untold} orders are there that no buyer heard of`);
  }
  return { orders: count, paidUnits };
}

function compare({ orderId, units, payment }: ToldOrder, state: OrderState, quantity: number, judge: Judge) {
  if (units !== quantity) judge.breach('orders', `${orderId} is of ${quantity} units, not of ${units}`);
  if (payment === 'paid' && state !== 'paid') {
    judge.breach('payments', `the payment of ${orderId} was confirmed, and the order is ${state}`);
  }
  if (payment !== 'paid' && payment !== 'unsure' && state === 'paid') {
    judge.breach('payments', `${orderId} is paid, and nobody was told so`);
  }
}
