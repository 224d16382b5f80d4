/**
 * A payment provider: it tells of every payment until it is heard, more than once, and not always in order.
 */

import { majorFromMinor } from '@flash-sale/shared/units.ts';
import type { Chance } from '../seeded.ts';
import { CURRENCY, PRICE_MINOR, type SaleKind } from './board.ts';
import type { Caller } from './caller.ts';
import { API_NAMES } from './stack.ts';

/** A provider gives up after days; a campaign has not that long. */
const PERSISTENCE_MS = 45_000;
const PAUSE_MAX_MS = 400;
/** How often a notice is sent again that was recorded before its order was known. */
const EARLY_AGAIN_MAX = 3;

export interface Notice {
  readonly event: 'success' | 'failure';
  readonly holdId: string;
  readonly intentId: string;
  readonly amount: number | null;
  readonly currency: string | null;
  readonly isForged?: boolean;
}

/** Tells it `copies` times, all at about the same time. */
export async function tell(caller: Caller, chance: Chance, notice: Notice, copies: number): Promise<void> {
  const webhookId = `msg_${crypto.randomUUID()}`;
  const sendings = Array.from({ length: copies }, async () => {
    // Now and then the provider makes two events of one payment.
    const id = chance.next() < 0.1 ? `msg_${crypto.randomUUID()}` : webhookId;
    const [pause, via] = [chance.integer(0, 200), chance.integer(0, 1)];
    await Bun.sleep(pause);
    await tellOnce(caller, notice, id, via);
  });
  await Promise.all(sendings);
}

async function tellOnce(caller: Caller, notice: Notice, webhookId: string, firstVia: number): Promise<void> {
  const { event, holdId, intentId, amount, currency, isForged = false } = notice;
  const ask = { do: event, holdId, intentId, webhookId, amount, currency, isForged } as const;
  const deadline = performance.now() + PERSISTENCE_MS;
  let pauseMs = 20;
  let early = 0;
  for (let attempt = 0; performance.now() < deadline; attempt += 1) {
    const via = API_NAMES[(firstVia + attempt) % API_NAMES.length] ?? 'api0';
    const reply = await caller.call(ask, via);
    if (reply?.code === 'payment_intent_unknown') {
      // It is recorded: sending it again only shows what becomes of it.
      if (early === EARLY_AGAIN_MAX) return;
      early += 1;
      await Bun.sleep(500);
    } else if (reply !== null && reply.status !== 503) {
      return;
    } else {
      await Bun.sleep(pauseMs);
      pauseMs = Math.min(PAUSE_MAX_MS, pauseMs * 1.6);
    }
  }
}

export type PaymentPlan =
  | 'in time'
  | 'early'
  | 'late'
  | 'failed'
  | 'failed, then paid'
  | 'paid and failed at once'
  | 'second intent'
  | 'wrong amount'
  | 'forged'
  | 'never';

export function planPayment(chance: Chance, { paid, paidLate }: SaleKind): PaymentPlan {
  const weights: [PaymentPlan, number][] = [
    ['in time', paid * 0.7],
    ['early', paid * 0.3],
    ['late', paidLate],
    ['failed', 0.3],
    ['failed, then paid', 0.02],
    ['paid and failed at once', 0.03],
    ['second intent', 0.02],
    ['wrong amount', 0.04],
    ['forged', 0.03],
  ];
  let left = chance.next();
  for (const [plan, weight] of weights) {
    left -= weight;
    if (left < 0) return plan;
  }
  return 'never';
}

/** What follows an order. @param payBy when the order ends unless it is paid */
export async function pay(
  caller: Caller,
  chance: Chance,
  plan: PaymentPlan,
  order: { holdId: string; intentId: string; quantity: number; payBy: number },
): Promise<void> {
  const { holdId, intentId, quantity, payBy } = order;
  const copies = chance.integer(1, 4);
  const isAmountStated = chance.next() < 0.5;
  const amount = isAmountStated ? majorFromMinor(PRICE_MINOR * quantity, CURRENCY) : null;
  const success: Notice = {
    event: 'success',
    holdId,
    intentId,
    amount,
    currency: isAmountStated ? CURRENCY : null,
  };
  const failure: Notice = { ...success, event: 'failure' };
  switch (plan) {
    case 'never':
    case 'early':
      return;
    case 'in time':
      await Bun.sleep(chance.integer(0, 500));
      return tell(caller, chance, success, copies);
    case 'late':
      await Bun.sleep(Math.max(0, payBy - Date.now()) + chance.integer(-200, 1_500));
      return tell(caller, chance, success, copies);
    case 'failed':
      await Bun.sleep(chance.integer(0, 500));
      return tell(caller, chance, failure, copies);
    case 'failed, then paid':
      await tell(caller, chance, failure, 1);
      return tell(caller, chance, success, copies);
    case 'paid and failed at once':
      await Promise.all([tell(caller, chance, failure, 1), tell(caller, chance, success, copies)]);
      return;
    case 'second intent':
      await Promise.all([
        tell(caller, chance, { ...success, intentId: `${intentId}_second` }, 1),
        tell(caller, chance, success, copies),
      ]);
      return;
    case 'wrong amount':
      return tell(caller, chance, { ...success, amount: 1, currency: CURRENCY }, copies);
    case 'forged':
      return tell(caller, chance, { ...success, isForged: true }, 1);
  }
}
