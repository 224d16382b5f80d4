import { describe, expect, test } from 'bun:test';
import { certainPromises } from './certain.ts';
import type { Ask, Entry, Loss, Reply } from './history.ts';
import { judge } from './judge.ts';
import { sweep } from './sweep.ts';
import { Told } from './told.ts';

/** A history that is written by hand: one clock, in milliseconds from 0. */
class Story {
  readonly complaints: string[] = [];
  readonly told = new Told((told, heard) => {
    this.complaints.push(...judge(told, heard).map(({ rule, says }) => `${rule} ${says}`));
  });
  #asks = 0;

  /** Asked at `from`, answered at `to`. */
  ask(from: number, to: number, ask: Ask, reply: Partial<Reply>): this {
    const n = this.sent(from, ask);
    return this.answer(n, to, reply);
  }

  sent(at: number, sent: Ask): number {
    this.#asks += 1;
    this.#take({ at, n: this.#asks, to: 'api0', sent });
    return this.#asks;
  }

  answer(n: number, at: number, reply: Partial<Reply>): this {
    this.#take({ at, n, told: { status: 200, code: null, data: {}, retryAfter: null, ...reply } });
    return this;
  }

  loss(loss: Partial<Loss>): this {
    const whole: Loss = { id: 1, kind: 'redis_flush', from: 0, to: 0, heldSince: null, ...loss };
    this.#take({ at: whole.from, loss: whole });
    return this;
  }

  #take(entry: Entry): void {
    this.told.take(entry);
  }

  /** The most that was certainly promised at once. */
  get peak(): number {
    return sweep(
      certainPromises(this.told).map(({ promised }) => promised),
      1_000,
    ).peak;
  }

  get intervals(): string[] {
    return certainPromises(this.told).map(({ promised: { from, to } }) => `${from}-${to}`);
  }
}

const TTL = 1_000;
const holdAsk = (key: string): Ask => ({
  do: 'hold',
  saleId: 1,
  productId: 1,
  quantity: 2,
  buyerId: null,
  key,
  ttlMs: TTL,
});
const held = (holdId: string, deadlineMs: number): Partial<Reply> => ({
  status: 201,
  data: { hold_id: holdId, expires_at: new Date(deadlineMs).toISOString() },
});
const orderAsk = (holdId: string, intentId = `pi_${holdId}`): Ask => ({ do: 'order', holdId, intentId });
const ordered = (holdId: string, payBy: number, orderId = `order ${holdId}`): Partial<Reply> => ({
  status: 201,
  data: {
    order_id: orderId,
    hold_id: holdId,
    status: 'pending',
    quantity: 2,
    amount: 39.98,
    currency: 'EUR',
    pay_by: new Date(payBy).toISOString(),
  },
});
const refused = (code: string, status = 409): Partial<Reply> => ({ status, code });
const notice = (event: 'success' | 'failure', holdId: string, isForged = false): Ask => ({
  do: event,
  holdId,
  intentId: `pi_${holdId}`,
  webhookId: `msg ${holdId}`,
  amount: null,
  currency: null,
  isForged,
});
const paid = (holdId: string, payment: string | null, status = 'paid'): Partial<Reply> => ({
  data: { hold_id: holdId, order_id: `order ${holdId}`, status, payment },
});

/** `a` is held from 10, and its deadline is 1010. */
const aHeld = () => new Story().ask(5, 10, holdAsk('key a'), held('a', 1_010));
/** And ordered from 120, to be paid by 3110. */
const aOrdered = () => aHeld().ask(100, 120, orderAsk('a'), ordered('a', 3_110));

describe('an answer is accepted', () => {
  test('when it is what was promised', () => {
    const story = aOrdered()
      .ask(130, 140, orderAsk('a'), { ...ordered('a', 3_110), status: 200 })
      .ask(150, 160, notice('success', 'a'), paid('a', 'applied'))
      .ask(170, 180, notice('success', 'a'), paid('a', 'applied'))
      .ask(190, 200, { do: 'release', holdId: 'a' }, refused('hold_ordered'))
      .ask(210, 220, notice('success', 'a', true), refused('signature_invalid', 401));
    expect(story.complaints).toEqual([]);
  });

  test('when it says "not now" and when to come back', () => {
    const story = new Story().ask(0, 9, holdAsk('k'), {
      ...refused('unavailable', 503),
      retryAfter: 2,
    });
    expect(story.complaints).toEqual([]);
    story.ask(0, 9, holdAsk('k'), refused('unavailable', 503));
    expect(story.complaints).toEqual(['reply hold was answered 503 without Retry-After']);
  });

  test('when a hold was lost by a fault that explains it, and by no other', () => {
    const lost = (loss: Partial<Loss>) =>
      aHeld().loss(loss).ask(500, 510, orderAsk('a'), refused('hold_lost')).complaints;
    const unexplained = ['I7 a hold was lost, and Redis had lost no data'];
    expect(lost({ from: 200, to: null })).toEqual([]);
    expect(lost({ from: 200, to: 300 })).toEqual([]);
    expect(lost({ from: 1, to: 4 })).toEqual(unexplained);
    expect(lost({ from: 200, to: 300, heldSince: 50 })).toEqual(unexplained);
    expect(aHeld().ask(500, 510, orderAsk('a'), refused('hold_lost')).complaints).toEqual(unexplained);
  });
});

describe('an answer is a violation', () => {
  const FALSE_ANSWERS: [string, () => Story, string][] = [
    ['500', () => new Story().ask(0, 9, holdAsk('k'), refused('internal_error', 500)), 'reply'],
    ['404 for a hold', () => aHeld().ask(20, 30, orderAsk('a'), refused('hold_not_found', 404)), 'I7'],
    [
      'expired before its deadline',
      () => aHeld().ask(900, 1_009, orderAsk('a'), refused('hold_expired')),
      'I7',
    ],
    ['released by nobody', () => aHeld().ask(20, 30, orderAsk('a'), refused('hold_released')), 'I7'],
    ['a deadline that was not agreed', () => new Story().ask(5, 10, holdAsk('k'), held('a', 1_500)), 'I7'],
    [
      'refused though there are units',
      () =>
        new Story().ask(5, 10, holdAsk('k'), {
          ...refused('insufficient_stock'),
          data: { available_stock: 2 },
        }),
      'I2',
    ],
    ['two holds for one key', () => aHeld().ask(20, 30, holdAsk('key a'), held('b', 1_025)), 'I4'],
    [
      'two orders for one hold',
      () => aOrdered().ask(130, 140, orderAsk('a'), ordered('a', 3_110, 'another')),
      'I3',
    ],
    [
      'an acknowledged order refused',
      () => aOrdered().ask(130, 140, orderAsk('a'), refused('hold_lost')),
      'I6',
    ],
    [
      'an acknowledged order read as held',
      () => aOrdered().ask(130, 140, { do: 'read', holdId: 'a' }, { data: { state: 'held' } }),
      'I6',
    ],
    [
      'an order after its release',
      () =>
        aHeld()
          .ask(20, 30, { do: 'release', holdId: 'a' }, { data: { state: 'released' } })
          .ask(40, 50, orderAsk('a'), ordered('a', 3_000)),
      'I4',
    ],
    [
      'an order after its deadline',
      () => aHeld().ask(1_020, 1_030, orderAsk('a'), ordered('a', 4_000)),
      'I4',
    ],
    [
      'an ordered hold released',
      () => aOrdered().ask(130, 140, { do: 'release', holdId: 'a' }, { data: { state: 'released' } }),
      'I3',
    ],
    [
      'an order unknown to its payment',
      () => aOrdered().ask(130, 140, notice('success', 'a'), refused('payment_intent_unknown', 404)),
      'I6',
    ],
    [
      'a payment with two dispositions',
      () =>
        aOrdered()
          .ask(130, 140, notice('success', 'a'), paid('a', 'applied'))
          .ask(150, 160, notice('success', 'a'), paid('a', 'refund_due')),
      'I5',
    ],
    [
      'a forged notice accepted',
      () => aOrdered().ask(130, 140, notice('success', 'a', true), paid('a', 'applied')),
      'reply',
    ],
    [
      'an intent of one hold only that belongs to another',
      () => aHeld().ask(20, 30, orderAsk('a'), refused('payment_intent_mismatch')),
      'I3',
    ],
  ];
  test.each(FALSE_ANSWERS)('%s', (_, story, rule) => {
    const { complaints } = story();
    expect(complaints.map((complaint) => complaint.split(' ')[0])).toEqual([rule]);
  });
});

describe('a promise certainly stands', () => {
  test('from when it was heard until its deadline or until its release was sent', () => {
    expect(aHeld().intervals).toEqual(['10-1010']);
    const released = aHeld();
    released.sent(300, { do: 'release', holdId: 'a' });
    expect(released.intervals).toEqual(['10-300']);
  });

  test('as an order until it may expire or be cancelled, and for ever once it was paid in time', () => {
    expect(aOrdered().intervals).toEqual(['10-3110']);
    const cancelled = aOrdered();
    cancelled.sent(800, notice('failure', 'a'));
    expect(cancelled.intervals).toEqual(['10-800']);
    expect(aOrdered().ask(150, 160, notice('success', 'a'), paid('a', 'applied')).intervals).toEqual([
      '10-Infinity',
    ]);
  });

  test('again from when a late payment was acknowledged, and not in between', () => {
    const late = aOrdered().ask(4_000, 4_010, notice('success', 'a'), paid('a', 'late_applied'));
    expect(late.intervals).toEqual(['10-3110', '4010-Infinity']);
  });

  test('until Redis may have lost it; as an order from when that was heard', () => {
    expect(aHeld().loss({ from: 200, to: 300 }).intervals).toEqual(['10-200']);
    expect(aHeld().loss({ from: 200, to: 300, heldSince: 50 }).intervals).toEqual(['10-1010']);
    const survived = aHeld().loss({ from: 50, to: 60 }).ask(100, 120, orderAsk('a'), ordered('a', 3_110));
    expect(survived.intervals).toEqual(['10-50', '120-3110']);
    // Two Redis processes lived: a hold that was granted then may have been granted twice.
    expect(
      new Story().loss({ from: 1, to: 500 }).ask(5, 10, holdAsk('k'), held('a', 1_010)).intervals,
    ).toEqual([]);
  });

  test('to two holders at once when both had heard of it and neither had let go', () => {
    const story = aHeld().ask(500, 510, holdAsk('key b'), held('b', 1_510));
    expect(story.peak).toBe(4);
    expect(aHeld().ask(1_005, 1_012, holdAsk('key b'), held('b', 2_010)).peak).toBe(2);
  });
});
