/** What buyers and payment providers do, alone, twice at once, and with processes that die under them. */

import { placeHold, readHold, releaseHold } from '../../holds/holds.ts';
import { placeOrder } from '../../orders/orders.ts';
import { recordDelivery } from '../../payments/deliveries.ts';
import { applyParked } from '../../payments/inbox.ts';
import { processDelivery } from '../../payments/payments.ts';
import type { ReachablePoint } from '../../reach.ts';
import type { Services } from '../../services.ts';
import { expectEqual } from './exact-look.ts';
import { UNNAMED, type ModelDelivery } from './feature-model.ts';
import { orDied, type FeatureStage, type Step } from './feature-stage.ts';
import type { FeatureStep } from './feature-steps.ts';
import type { ModelOrder } from './ledger-model.ts';
import { choose } from './script-rebuilds.ts';

type Wishes = Extract<FeatureStep, { do: 'hold' }>['wishes'];

/** They arrive in the same turn of the event loop, so they go to Redis as one call. */
export async function placeHolds(stage: FeatureStage, wishes: Wishes, at?: ReachablePoint): Promise<boolean> {
  const services = at === undefined ? stage.one : stage.world.dying(stage.one, at);
  const asked = wishes.map(([quantity, buyerId, idempotencyKey]) =>
    placeHold(services, { productId: stage.productId, quantity, ttlMs: null, buyerId, idempotencyKey }),
  );
  const replies = await Promise.all(asked.map((reply) => orDied(reply)));
  const expected = stage.model.hold(
    wishes.map(([quantity, buyerId, keyDigest], index) => {
      const reply = replies[index];
      const holdId = reply?.kind === 'held' ? reply.holdId : UNNAMED;
      const fingerprint = JSON.stringify([quantity, buyerId]);
      return { holdId, quantity, ttlMs: null, buyerId, keyDigest, fingerprint };
    }),
  );
  if (at === undefined) expectEqual('placeHold', replies, expected);
  for (const reply of replies) if (reply.kind === 'held') stage.told.push(reply.holdId);
  return true;
}

// ---- orders ----

const ORDER_POINTS: readonly ReachablePoint[] = ['order.pinned', 'order.written', 'order.committed'];

/** As the route does it: payments that were faster are applied. */
async function orderHold(services: Services, holdId: string, paymentIntentId: string) {
  const placed = await placeOrder(services, { holdId, paymentIntentId });
  if (placed.kind === 'created') await applyParked(services, placed.order);
  return placed;
}

async function order(
  stage: FeatureStage,
  { nth, intentId, at }: { nth: number; intentId?: string; at?: ReachablePoint },
): Promise<boolean> {
  const holdId = stage.chooseHold(nth);
  if (holdId === undefined) return false;
  const intent = intentId ?? stage.intentOf(holdId);
  const services = at === undefined ? stage.one : stage.world.dying(stage.one, at);
  const expected = stage.model.order(holdId, intent, at);
  expectEqual('placeOrder', await orDied(orderHold(services, holdId, intent)), expected);
  return true;
}

async function orderTwice(stage: FeatureStage, nth: number): Promise<boolean> {
  const holdId = stage.chooseHold(nth);
  const { redis, ledger, model } = stage;
  // Unarmed, the two would race for the rebuild, and either may be the first.
  if (holdId === undefined || !redis.isArmed || redis.epoch !== ledger.epoch) return false;
  const intentId = stage.intentOf(holdId);
  const first = model.order(holdId, intentId);
  const expected = [first.kind, model.order(holdId, intentId).kind];
  const asked = [stage.one, stage.other].map((services) => orderHold(services, holdId, intentId));
  const kinds = (await Promise.all(asked)).map(({ kind }) => kind);
  expectEqual('placeOrder twice at once (I3)', kinds.sort(), expected.sort());
  return true;
}

// ---- payments ----

function deliveryFor(
  stage: FeatureStage,
  about: ModelOrder | string,
  more: Partial<ModelDelivery> = {},
): ModelDelivery {
  const holdId = typeof about === 'string' ? about : about.holdId;
  const intentId = typeof about === 'string' ? stage.intentOf(about) : about.intentId;
  return { event: 'payment_success', holdId, intentId, isAmountRight: null, state: 'received', ...more };
}

function record(stage: FeatureStage, services: Services, delivery: ModelDelivery): Promise<number> {
  const { event, holdId, intentId, isAmountRight } = delivery;
  // 19.99 each; what is wrong is wrong by a cent.
  const { quantity = 1 } = stage.ledger.orders.get(holdId) ?? {};
  const minor = quantity * 1_999 + (isAmountRight === false ? 1 : 0);
  const amount = isAmountRight === null ? null : minor / 100;
  const body = { hold_id: holdId, payment_intent_id: intentId, ...(amount === null ? {} : { amount }) };
  return recordDelivery(services, {
    provider: 'native',
    // Each delivery is one of its own, as with senders who make a new key for each attempt.
    senderKey: crypto.randomUUID(),
    isSigned: false,
    headers: {},
    body: JSON.stringify(body),
    facts: { event, holdId, intentId, amount, currency: null },
  });
}

async function deliver(stage: FeatureStage, delivery: ModelDelivery, at?: ReachablePoint): Promise<boolean> {
  stage.model.deliveries.push(delivery);
  const expected = stage.model.process(delivery, at);
  const id = await record(stage, stage.one, delivery);
  const services = at === undefined ? stage.one : stage.world.dying(stage.one, at);
  expectEqual('processDelivery', await orDied(processDelivery(services, id, 'arrival')), expected);
  return true;
}

async function payOrder(
  stage: FeatureStage,
  nth: number,
  more: Partial<ModelDelivery> = {},
): Promise<boolean> {
  const found = stage.chooseOrder(nth);
  return found !== undefined && deliver(stage, deliveryFor(stage, found, more));
}

/** Of those that are over, if there is one: most of what can be in the way of a payment is there. */
async function payDies(stage: FeatureStage, nth: number): Promise<boolean> {
  const isOver = ({ state }: ModelOrder) => state === 'expired' || state === 'cancelled';
  const over = [...stage.ledger.orders.values()].filter(isOver);
  const found = choose(over, nth) ?? stage.chooseOrder(nth);
  if (found === undefined) return false;
  const event = nth % 5 === 4 ? 'payment_failed' : 'payment_success';
  const at = nth % 2 === 0 ? 'payment.taken' : 'payment.committed';
  return deliver(stage, deliveryFor(stage, found, { event }), at);
}

/** Money may be faster than its order. */
async function payEarly(stage: FeatureStage, nth: number, event: ModelDelivery['event']): Promise<boolean> {
  const holdId = stage.chooseHold(nth);
  return holdId !== undefined && deliver(stage, deliveryFor(stage, holdId, { event }));
}

async function payTwice(stage: FeatureStage, nth: number): Promise<boolean> {
  const found = choose(stage.pending(), nth);
  if (found === undefined) return false;
  const delivery = deliveryFor(stage, found);
  stage.model.deliveries.push(delivery, { ...delivery, state: 'processed' });
  const expected = stage.model.process(delivery);
  const both = [stage.one, stage.other].map(async (services) =>
    processDelivery(services, await record(stage, services, delivery), 'arrival'),
  );
  expectEqual('paid twice at once (I5)', await Promise.all(both), [expected, expected]);
  return true;
}

export const BUYER_STEPS = {
  holdDies: (stage, nth) => placeHolds(stage, [[1 + (nth % 2), null, null]], 'hold.decided'),
  read: async (stage, nth) => {
    const holdId = stage.chooseHold(nth);
    if (holdId === undefined) return false;
    const expected = stage.model.read(holdId);
    expectEqual('readHold', await readHold(stage.one, holdId), expected);
    return true;
  },
  release: async (stage, nth) => {
    const holdId = stage.chooseHold(nth);
    if (holdId === undefined) return false;
    const expected = stage.model.release(holdId);
    expectEqual('releaseHold', await releaseHold(stage.one, holdId), expected);
    return true;
  },
  order: (stage, nth) => order(stage, { nth }),
  orderOtherIntent: (stage, nth) => order(stage, { nth, intentId: `pi_${(nth * 7) % 12}` }),
  orderDies: (stage, nth) =>
    order(stage, { nth, at: ORDER_POINTS[nth % ORDER_POINTS.length] as ReachablePoint }),
  orderTwice,
  pay: (stage, nth) => payOrder(stage, nth),
  payExactly: (stage, nth) => payOrder(stage, nth, { isAmountRight: true }),
  payWrong: (stage, nth) => payOrder(stage, nth, { isAmountRight: false }),
  payOtherIntent: (stage, nth) =>
    payOrder(stage, nth, { intentId: nth % 2 === 0 ? `pi_${nth % 12}` : `pi_second_${nth}` }),
  payFailed: (stage, nth) => payOrder(stage, nth, { event: 'payment_failed' }),
  payEarly: (stage, nth) => payEarly(stage, nth, nth % 4 === 3 ? 'payment_failed' : 'payment_success'),
  payTwice,
  payDies,
  /** The process dies before it makes anything of it. */
  record: async (stage, nth) => {
    const holdId = stage.chooseHold(nth);
    if (holdId === undefined) return false;
    const event = nth % 3 === 0 ? 'payment_failed' : 'payment_success';
    const delivery = deliveryFor(stage, stage.ledger.orders.get(holdId) ?? holdId, { event });
    stage.model.deliveries.push(delivery);
    await record(stage, stage.one, delivery);
    return true;
  },
} as const satisfies Readonly<Record<string, Step>>;
