import { expect, test } from 'bun:test';
import type { AnyEvent } from '@flash-sale/shared/contracts/event.ts';
import type { OperatedOrder } from '@flash-sale/shared/contracts/operator-order.ts';
import { NO_ORDERS, withEvents, type OrdersSlice } from './orders-slice.ts';

const ORDER: OperatedOrder = {
  order_id: 'order-1',
  hold_id: 'hold-1',
  sale_id: 1,
  buyer_id: null,
  quantity: 1,
  amount: 10,
  currency: 'EUR',
  payment_intent_id: 'pi_1',
  state: 'pending',
  possible: [],
  pay_by: '2026-11-26T12:05:00.000Z',
  refund_reference: null,
  created_at: '2026-11-26T12:00:00.000Z',
  updated_at: '2026-11-26T12:00:00.000Z',
};

const OTHER = { ...ORDER, order_id: 'order-2' };
const part = { rows: [ORDER, OTHER], isRead: true, older: null };
const KNOWN: OrdersSlice = {
  ...NO_ORDERS,
  orders: { ...NO_ORDERS.orders, newest: part, found: { query: 'q', ...part } },
};

const told = (state: OperatedOrder['state'], id = 'order-1'): AnyEvent => ({
  type: `order.${state}`,
  sale_id: 1,
  order_id: id,
  hold_id: 'hold-1',
  quantity: 1,
  amount: 10,
  currency: 'EUR',
  buyer_id: null,
});

test('an order is as it was told last, wherever it is shown, and the others are the same rows', () => {
  const { orders } = withEvents(KNOWN, [told('paid'), told('refund_due')]);
  for (const rows of [orders.newest.rows, orders.found?.rows]) {
    expect(rows?.map(({ state }) => state)).toEqual(['refund_due', 'pending']);
    expect(rows?.[1]).toBe(OTHER);
  }
  expect(orders.behind).toBe('new');
});

test('of an order that is not known yet only the list is behind', () => {
  const { orders } = withEvents(KNOWN, [told('pending', 'order-3')]);
  expect(orders.newest.rows).toBe(KNOWN.orders.newest.rows);
  expect(orders.behind).toBe('new');
});

test('after a gap nothing that was loaded is sure, and more events do not make it so', () => {
  const lost = withEvents(KNOWN, [{ type: 'gap', reason: 'trimmed', sale_id: null }]);
  expect(lost.orders.behind).toBe('lost');
  expect(lost.refunds.isBehind).toBe(true);
  expect(withEvents(lost, [told('paid')]).orders.behind).toBe('lost');
});

test('what is owed is read again when it may be another sum', () => {
  const paid = (disposition: 'applied' | 'mismatch'): AnyEvent => ({
    type: `payment.${disposition}`,
    sale_id: 1,
    order_id: 'order-1',
    delivery_id: 1,
  });
  expect(withEvents(KNOWN, [paid('applied'), told('paid')]).refunds.isBehind).toBe(false);
  for (const event of [paid('mismatch'), told('refunded')]) {
    expect(withEvents(KNOWN, [event]).refunds.isBehind).toBe(true);
  }
});

test('events about other things leave everything as it is', () => {
  expect(withEvents(KNOWN, [{ type: 'heartbeat' }])).toBe(KNOWN);
});
