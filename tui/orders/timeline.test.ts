import { expect, test } from 'bun:test';
import type { OrderHistory } from '@flash-sale/shared/contracts/operator-order.ts';
import { textOf } from '../look/span.ts';
import { timelineLines } from './timeline.ts';

const AT = Date.parse('2026-11-26T12:00:00.000Z');
const at = (seconds: number) => new Date(AT + seconds * 1_000).toISOString();

const ORDER: OrderHistory = {
  order_id: '01a218e3-bf5b-726f-9f40-935310fe2d3e',
  hold_id: '00000001-5f9b-8e51-8b36-596df8804c90',
  sale_id: 1,
  buyer_id: null,
  quantity: 2,
  amount: 20,
  currency: 'EUR',
  payment_intent_id: 'pi_1',
  state: 'pending',
  possible: ['cancel'],
  pay_by: at(300),
  refund_reference: null,
  created_at: at(0),
  updated_at: at(0),
  timeline: [{ at: at(0), event: 'ordered', says: '2 for 20 EUR' }],
};

const shown = (history: OrderHistory, nowMs = AT, width = 70) =>
  timelineLines(history, nowMs, width).map((line) => textOf(line).trimEnd());

test('a pending order was held, is ordered, and what comes next has its time', () => {
  expect(shown(ORDER, AT + 100_000)).toEqual([
    '          ○ held       2 units, as 0000000…8804c90',
    '12:00:00  ● ordered    2 for 20 EUR',
    '          │  + 5:00',
    '12:05:00  ○ expires    unless it is paid in 3:20',
  ]);
});

test('the time between two events is shown, where there is any', () => {
  const timeline: OrderHistory['timeline'] = [
    ...ORDER.timeline,
    { at: at(4.2), event: 'delivery', says: 'payment_success: applied', delivery_id: 1 },
    { at: at(4.21), event: 'payment', says: '20 EUR: applied', disposition: 'applied' },
    { at: at(90_000), event: 'operator', says: 'order.refunded by ann', actor: 'ann' },
  ];
  expect(shown({ ...ORDER, state: 'refunded', timeline }).slice(2)).toEqual([
    '          │  + 4.2 s',
    '12:00:04  ○ delivery   payment_success: applied',
    '12:00:04  ● payment    20 EUR: applied',
    '          │  + 1 d 0 h',
    '          │  2026-11-27',
    '13:00:00  ○ operator   order.refunded by ann',
  ]);
});

test('money that bought nothing stands out by a sign, and what is long goes on below', () => {
  const says = '1 EUR: mismatch of a kind that takes more room than there is';
  const timeline: OrderHistory['timeline'] = [{ at: at(0), event: 'payment', says, disposition: 'mismatch' }];
  expect(shown({ ...ORDER, state: 'cancelled', timeline }, AT, 50).slice(1)).toEqual([
    '12:00:00  ! payment    1 EUR: mismatch of a kind',
    '          │            that takes more room than',
    '          │            there is',
  ]);
});
