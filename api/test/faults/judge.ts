/** Was this answer allowed, given everything that clients had been told before? */

import type { Ask } from './history.ts';
import type { Heard, HoldTold, Told } from './told.ts';

export interface Complaint {
  /** I1..I8 of ARCHITECTURE.md, or `reply`: an answer that is not documented. */
  readonly rule: string;
  readonly says: string;
  /** Ids to look for in the history. */
  readonly about: readonly string[];
}

type HeardOf<Name extends Ask['do']> = Heard<AskOf<Name>>;
type AskOf<Name extends Ask['do']> = Ask extends infer One
  ? One extends { do: infer Deeds }
    ? Name extends Deeds
      ? One
      : never
    : never
  : never;

const ALLOWED: Record<Ask['do'], readonly string[]> = {
  hold: [
    '201',
    '200',
    'insufficient_stock',
    'buyer_limit_reached',
    'sale_ended',
    'too_many_requests',
    'unavailable',
  ],
  read: ['200', 'hold_lost', 'unavailable'],
  release: ['200', 'hold_ordered', 'hold_lost', 'unavailable'],
  order: [
    '201',
    '200',
    'hold_expired',
    'hold_released',
    'hold_lost',
    'payment_intent_mismatch',
    'unavailable',
  ],
  success: ['200', 'payment_intent_unknown', 'signature_invalid', 'unavailable'],
  failure: ['200', 'payment_intent_unknown', 'signature_invalid', 'unavailable'],
};

export function judge(told: Told, heard: Heard): Complaint[] {
  const { ask, reply } = heard;
  const outcome = reply.code ?? String(reply.status);
  if (!ALLOWED[ask.do].includes(outcome)) {
    // A hold that was granted is found, expired, released or lost; it is never unknown.
    const rule = reply.code === 'hold_not_found' ? 'I7' : 'reply';
    return [{ rule, says: `${ask.do} was answered ${reply.status} ${outcome}`, about: idsOf(ask) }];
  }
  if (reply.status === 503) {
    if (reply.retryAfter !== null && reply.retryAfter >= 1) return [];
    return [{ rule: 'reply', says: `${ask.do} was answered 503 without Retry-After`, about: idsOf(ask) }];
  }
  switch (ask.do) {
    case 'hold':
      return judgeHold(told, { ...heard, ask });
    case 'order':
      return judgeOrder(told, { ...heard, ask });
    case 'release':
      return judgeRelease(told, { ...heard, ask });
    case 'read':
      return judgeRead(told, { ...heard, ask });
    case 'success':
    case 'failure':
      return judgeNotice(told, { ...heard, ask });
  }
}

function idsOf(ask: Ask): string[] {
  if (ask.do === 'hold') return [ask.key];
  return 'intentId' in ask ? [ask.holdId, ask.intentId] : [ask.holdId];
}

/** Both clocks are cut to milliseconds. */
const CLOCK_GRAIN_MS = 2;

function judgeHold(told: Told, { ask, sentAt, reply, at }: HeardOf<'hold'>): Complaint[] {
  const about = [ask.key];
  if (reply.status >= 300) {
    if (reply.code !== 'insufficient_stock') return [];
    const left = Number(reply.data['available_stock']);
    return left < ask.quantity
      ? []
      : [{ rule: 'I2', says: `${ask.quantity} were refused with ${left} available`, about }];
  }
  const complaints: Complaint[] = [];
  const deadlineMs = Date.parse(String(reply.data['expires_at']));
  const [first, last] = [sentAt + ask.ttlMs - CLOCK_GRAIN_MS, at + ask.ttlMs + CLOCK_GRAIN_MS];
  if (reply.status === 201 && (deadlineMs < first || deadlineMs > last)) {
    complaints.push({ rule: 'I7', says: `a hold of ${ask.ttlMs} ms ends at ${deadlineMs}`, about });
  }
  const before = told.holds.get(told.holdOfKey.get(ask.key) ?? '');
  if (before !== undefined && before.holdId !== reply.data['hold_id'] && !told.lossOf(before, at)) {
    complaints.push({
      rule: 'I4',
      says: `one Idempotency-Key made two holds, ${before.holdId} first`,
      about,
    });
  }
  return complaints;
}

function judgeOrder(told: Told, { ask, sentAt, reply, at }: HeardOf<'order'>): Complaint[] {
  const hold = told.holds.get(ask.holdId);
  if (hold === undefined) return [];
  const complain = (rule: string, says: string): Complaint[] => [{ rule, says, about: idsOf(ask) }];
  if (reply.status < 300) return judgeOrdered(told, hold, { ask, sentAt, reply, at });
  if (reply.code === 'payment_intent_mismatch') {
    const isShared =
      (told.intentsOfHold.get(ask.holdId)?.size ?? 0) + (told.holdsOfIntent.get(ask.intentId)?.size ?? 0) > 2;
    return isShared ? [] : complain('I3', 'an intent of one hold only was said to belong to another');
  }
  if (hold.order !== null && hold.order.intentId === ask.intentId) {
    return complain('I6', `an acknowledged order was refused later: ${reply.code}`);
  }
  if (reply.code === 'hold_expired' && at < hold.deadlineMs) {
    return complain('I7', `expired ${hold.deadlineMs - at} ms before its deadline`);
  }
  if (reply.code === 'hold_released' && hold.releaseSentAt === null) {
    return complain('I7', 'said to be released, which nobody had asked for');
  }
  return reply.code === 'hold_lost' ? judgeLost(told, hold, at) : [];
}

function judgeOrdered(told: Told, hold: HoldTold, { ask, reply, at }: HeardOf<'order'>): Complaint[] {
  const about = [...idsOf(ask), String(reply.data['order_id'])];
  const complaints: Complaint[] = [];
  if (hold.order !== null && hold.order.orderId !== reply.data['order_id']) {
    complaints.push({ rule: 'I3', says: `a second order; the first was ${hold.order.orderId}`, about });
  }
  if (reply.data['hold_id'] !== hold.holdId || reply.data['quantity'] !== hold.quantity) {
    complaints.push({ rule: 'I3', says: 'the order is not of this hold and its quantity', about });
  }
  const isExcused = told.lossOf(hold, at) !== undefined;
  const orderSentAt = hold.orderSentAt ?? at;
  if (!isExcused && hold.releasedAt !== null && hold.releasedAt <= orderSentAt) {
    complaints.push({ rule: 'I4', says: 'a hold became an order after it was released', about });
  }
  if (!isExcused && orderSentAt > hold.deadlineMs + CLOCK_GRAIN_MS) {
    complaints.push({
      rule: 'I4',
      says: `ordered ${orderSentAt - hold.deadlineMs} ms after its deadline`,
      about,
    });
  }
  return complaints;
}

function judgeRelease(told: Told, { ask, reply, at }: HeardOf<'release'>): Complaint[] {
  const hold = told.holds.get(ask.holdId);
  if (hold === undefined) return [];
  const complain = (rule: string, says: string): Complaint[] => [{ rule, says, about: idsOf(ask) }];
  if (reply.code === 'hold_lost') return judgeLost(told, hold, at);
  if (reply.code === 'hold_ordered') {
    return hold.orderSentAt === null ? complain('I7', 'said to be ordered, which nobody had asked for') : [];
  }
  if (hold.order !== null) return complain('I3', `an ordered hold was ${String(reply.data['state'])}`);
  const isEarly = reply.data['state'] === 'expired' && at < hold.deadlineMs;
  return isEarly ? complain('I7', `expired ${hold.deadlineMs - at} ms before its deadline`) : [];
}

function judgeRead(told: Told, { ask, sentAt, reply, at }: HeardOf<'read'>): Complaint[] {
  const hold = told.holds.get(ask.holdId);
  if (hold === undefined) return [];
  const complain = (rule: string, says: string): Complaint[] => [{ rule, says, about: idsOf(ask) }];
  const { data } = reply;
  if (hold.order !== null && hold.order.toldAt <= sentAt) {
    const seen = (data['order'] as { order_id?: unknown } | undefined)?.order_id;
    if (seen === hold.order.orderId) return [];
    return complain('I6', `an acknowledged order was read as ${reply.code ?? String(data['state'])}`);
  }
  if (reply.code === 'hold_lost') return judgeLost(told, hold, at);
  if (data['state'] === 'expired' && at < hold.deadlineMs) {
    return complain('I7', `expired ${hold.deadlineMs - at} ms before its deadline`);
  }
  if (data['state'] === 'released' && hold.releaseSentAt === null) {
    return complain('I7', 'said to be released, which nobody had asked for');
  }
  return [];
}

/** Only a fault that makes Redis lose data explains a lost hold. */
function judgeLost(told: Told, hold: HoldTold, at: number): Complaint[] {
  if (hold.order !== null) {
    return [{ rule: 'I6', says: 'an acknowledged order was said to be lost', about: [hold.holdId] }];
  }
  if (told.lossOf(hold, at) !== undefined) return [];
  return [{ rule: 'I7', says: 'a hold was lost, and Redis had lost no data', about: [hold.holdId] }];
}

function judgeNotice(told: Told, { ask, sentAt, reply }: HeardOf<'success' | 'failure'>): Complaint[] {
  const complain = (rule: string, says: string): Complaint[] => [
    { rule, says, about: [...idsOf(ask), ask.webhookId] },
  ];
  if (ask.isForged !== (reply.code === 'signature_invalid')) {
    return complain('reply', ask.isForged ? 'a forged notice was accepted' : 'a signed notice was refused');
  }
  if (ask.isForged) return [];
  const order = told.holds.get(ask.holdId)?.order ?? null;
  if (reply.code === 'payment_intent_unknown') {
    return order !== null && order.toldAt <= sentAt
      ? complain('I6', 'an acknowledged order was unknown to its payment')
      : [];
  }
  const { data } = reply;
  if (order !== null && data['order_id'] !== order.orderId) {
    return complain('I5', `the payment was counted for order ${String(data['order_id'])}`);
  }
  if (ask.do === 'failure') return [];
  const before = told.paymentOfIntent.get(ask.intentId);
  if (typeof data['payment'] !== 'string') return complain('I5', 'the payment has no disposition');
  return before === undefined || before === data['payment']
    ? []
    : complain('I5', `a payment that was ${before} is now ${data['payment']}`);
}
