/** What is known of orders, and of money that is owed back. */

import type { AnyEvent } from '@flash-sale/shared/contracts/event.ts';
import type {
  OperatedOrder,
  OrderHistory,
  OwedPayment,
} from '@flash-sale/shared/contracts/operator-order.ts';
import type { OrderState } from '@flash-sale/shared/lifecycle.ts';
import { NOT_READ, type ServerList } from '../list/pages.ts';

export interface Refunds {
  /** The oldest first: who waits longest is served first. */
  readonly payments: readonly OwedPayment[];
  readonly isRead: boolean;
  /** There are more, and older ones. */
  readonly isCut: boolean;
  readonly isBehind: boolean;
  readonly fault: string;
}

export interface OrdersSlice {
  readonly orders: ServerList<OperatedOrder>;
  readonly refunds: Refunds;
  /** Of the order whose details are looked at. */
  readonly history: OrderHistory | null;
  readonly historyFault: string;
}

export const NO_ORDERS: OrdersSlice = {
  orders: NOT_READ,
  refunds: { payments: [], isRead: false, isCut: false, isBehind: false, fault: '' },
  history: null,
  historyFault: '',
};

const OWED = /^(payment|order)\.(refund_due|refunded|mismatch|unmatched)$/;

/** Orders are as they are told at once; what is not told is read soon. The same slice when nothing concerns orders. */
export function withEvents(slice: OrdersSlice, events: readonly AnyEvent[]): OrdersSlice {
  const states = new Map<string, OrderState>();
  let isGap = false;
  let isOwedChanged = false;
  for (const event of events) {
    if (event.type === 'gap' || event.type === 'dropped') isGap = true;
    else if (isOfOrder(event)) states.set(event.order_id, event.type.slice('order.'.length) as OrderState);
    isOwedChanged ||= OWED.test(event.type === 'operator.acted' ? event.action : event.type);
  }
  if (states.size === 0 && !isGap && !isOwedChanged) return slice;
  const refunds = { ...slice.refunds, isBehind: slice.refunds.isBehind || isGap || isOwedChanged };
  if (states.size === 0 && !isGap) return { ...slice, refunds };
  const { newest, found, behind } = slice.orders;
  const told = <Rows extends { readonly rows: readonly OperatedOrder[] }>(part: Rows): Rows => ({
    ...part,
    rows: withStates(part.rows, states),
  });
  const orders: ServerList<OperatedOrder> = {
    ...slice.orders,
    newest: told(newest),
    found: found === null ? null : told(found),
    behind: isGap ? 'lost' : behind === 'lost' ? behind : 'new',
  };
  return { ...slice, refunds, orders };
}

function withStates(
  rows: readonly OperatedOrder[],
  states: ReadonlyMap<string, OrderState>,
): readonly OperatedOrder[] {
  if (!rows.some(({ order_id: id, state }) => (states.get(id) ?? state) !== state)) return rows;
  return rows.map((row) => {
    const state = states.get(row.order_id) ?? row.state;
    return state === row.state ? row : { ...row, state };
  });
}

type OrderEvent = Extract<AnyEvent, { type: `order.${OrderState}` }>;

function isOfOrder(event: AnyEvent): event is OrderEvent {
  return event.type.startsWith('order.');
}

/** Whether something is told of that order, or of money that was meant for it. */
export function isToldOf(orderId: string, events: readonly AnyEvent[]): boolean {
  return events.some((event) => 'order_id' in event && event.order_id === orderId);
}
