import { expect, test } from 'bun:test';
import type { AnyEvent } from '@flash-sale/shared/contracts/event.ts';
import type { DeliveryRow, ReplayView } from '@flash-sale/shared/contracts/webhook.ts';
import { laterOf, NO_WEBHOOKS, withEvents, withRows } from './webhooks-slice.ts';

const ROW: DeliveryRow = {
  id: 1,
  provider: 'native',
  event: 'payment_success',
  state: 'parked',
  outcome: 'parked',
  payment_intent_id: 'pi_1',
  hold_id: null,
  sender_key: null,
  signature: 'valid',
  received_count: 1,
  attempts: 1,
  received_at: '2026-12-01T09:00:00.000Z',
  last_received_at: '2026-12-01T09:00:00.000Z',
  processed_at: null,
  next_attempt_at: null,
};

const paid: AnyEvent = { type: 'payment.applied', sale_id: 1, order_id: null, delivery_id: 1 };

test('what is told of payments is read again, and of nothing else', () => {
  const moved: AnyEvent = { type: 'sale.moved', sale_id: 1, from: 'draft', to: 'live', by: 'ann' };
  expect(withEvents(NO_WEBHOOKS, [moved, { type: 'heartbeat' }])).toBe(NO_WEBHOOKS);
  const told = withEvents(NO_WEBHOOKS, [paid]);
  expect([told.inbox.behind, told.changed.size]).toEqual(['new', 0]);
  const gap = withEvents(told, [{ type: 'gap', reason: 'trimmed', sale_id: null }]);
  expect([gap.inbox.behind, gap.areReplaysOld]).toEqual(['lost', true]);
});

test('of deliveries that were read before, those that are told of are read again', () => {
  const { inbox } = NO_WEBHOOKS;
  const before = { ...NO_WEBHOOKS, inbox: { ...inbox, newest: { ...inbox.newest, rows: [ROW] } } };
  const told = withEvents(before, [paid, { ...paid, delivery_id: 99 }, paid]);
  expect([...told.changed]).toEqual([1]);
});

test('a replay moves on as soon as it is told, and its numbers are read', () => {
  const replay = { id: 7, state: 'running', done: 1, total: 9, changed: 0 } as ReplayView;
  const before = { ...NO_WEBHOOKS, replays: [replay] };
  const told = withEvents(before, [
    { type: 'replay.progress', sale_id: null, replay_id: 7, state: 'done', done: 9, total: 9 },
  ]);
  expect(told.replays).toEqual([{ ...replay, state: 'done', done: 9 }]);
  expect(told.areReplaysOld).toBe(true);
});

test('of two looks at a delivery the later one stays, whichever comes first', () => {
  const applied: DeliveryRow = { ...ROW, state: 'processed', outcome: 'applied', attempts: 2 };
  expect(laterOf(ROW, applied)).toEqual(applied);
  expect(laterOf(applied, ROW)).toBe(applied);
  expect(laterOf(ROW, { ...ROW })).toBe(ROW);
  expect(laterOf(applied, { ...ROW, foundBy: 'pi' })).toEqual({ ...applied, foundBy: 'pi' });
});

test('rows that are read one by one take the place of what they were', () => {
  const { inbox } = NO_WEBHOOKS;
  const list = { ...inbox, newest: { ...inbox.newest, rows: [{ ...ROW, id: 2 }, ROW] } };
  const read = { ...ROW, outcome: 'applied', state: 'processed', attempts: 2 } as const;
  expect(withRows(list, [read]).newest.rows).toEqual([{ ...ROW, id: 2 }, read]);
});
