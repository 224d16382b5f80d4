/** The payment provider of a rehearsal: tells the API what became of a payment, as Standard Webhooks has it. */

import { randomBytes } from 'node:crypto';
import { signed } from '../webhooks/sign.ts';
import { ask, type Reply, type Stage } from './stage.ts';

export interface Notice {
  readonly holdId: string;
  readonly intentId: string;
  readonly amount: number;
}

interface Delivery {
  /** The same whenever it is told again. */
  readonly id: string;
  readonly event: 'payment-success' | 'payment-failed';
  readonly notice: Notice;
}

/** Tells it until somebody answers. @returns null when nobody did */
export function tell(stage: Stage, { id, event, notice }: Delivery): Promise<Reply | null> {
  const body = JSON.stringify({
    hold_id: notice.holdId,
    payment_intent_id: notice.intentId,
    ...(event === 'payment-success' ? { amount: notice.amount, currency: stage.currency } : {}),
  });
  return ask(stage, 'payment', {
    method: 'POST',
    path: `/api/webhook/${event}`,
    headers: headersOf(stage.secret, id, body),
    body,
  });
}

/** The same news from somebody who does not know the secret; where none is set there is nothing to tell them by. */
export async function forge(stage: Stage, notice: Notice): Promise<void> {
  if (stage.secret === null) return;
  const foreign = { ...stage, secret: randomBytes(32).toString('hex') };
  const reply = await tell(foreign, { id: `${notice.intentId}-forged`, event: 'payment-success', notice });
  if (reply !== null && reply.says !== 'signature_invalid') {
    stage.judge.breach('forgeries', `a foreign signature was answered ${reply.says}`);
  }
}

/** What has no secret is recognised by an idempotency key. */
export function headersOf(secret: string | null, id: string, body: string): Record<string, string> {
  return secret === null ? { 'idempotency-key': id } : signed(secret, { id, body }, Date.now());
}
