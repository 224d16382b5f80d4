/** Webhooks as a payment provider sends them, to try things out: https://www.standardwebhooks.com */

import { PaymentReceipt } from '@flash-sale/shared/contracts/payment.ts';
import { API_SILENCE_MS } from '@flash-sale/shared/terminal-limits.ts';
import { answerOf } from '../api.ts';
import { webhookSecretOf, type Settings } from '../config.ts';
import { isProduction } from '../contexts.ts';
import { signed } from '../webhooks/sign.ts';
import type { There } from './command.ts';
import { Ending, UsageFault } from './endings.ts';
import { EXIT } from './exit-codes.ts';
import { fieldsOf } from './fields.ts';
import type { Shape } from './output.ts';
import { apiUrl, integer, on, optional } from './taken.ts';

/** What was answered to one sending of a delivery. */
export interface Delivered extends PaymentReceipt {
  readonly sending: number;
  readonly webhook_id: string;
}

export const DELIVERED: Shape<Delivered> = {
  id: 'order_id',
  fields: ['sending', 'webhook_id', ...fieldsOf(PaymentReceipt)],
  columns: [
    { field: 'sending', title: 'Sending', align: 'right' },
    { field: 'status', title: 'Order is' },
    { field: 'payment', title: 'Payment' },
    { field: 'order_id', title: 'Order' },
    { field: 'webhook_id', title: 'Webhook' },
  ],
};

/** Of everything that plays a payment provider. */
export const PROVIDER_FLAGS = {
  times: optional(integer('N', 'send the same delivery so often, as providers do', { max: 1_000 })),
  tampered: on('change the body after it was signed'),
  api: optional(apiUrl),
  'yes-production': on('in a production context too, where it moves real orders'),
} as const;

export const PROVIDER_DETAILS = `It is signed with the secret in WEBHOOK_SECRET, the newest where there are several; without one it is not signed.
--idempotency-key is the id of the webhook.`;

type Provider = There<Delivered, {}, typeof PROVIDER_FLAGS>;

/** Tells what was answered to each. @throws Refused at the first that was not taken */
export async function deliver(
  { settings, flags, io, say, change, out }: Provider,
  event: 'payment_success' | 'payment_failed',
  body: string,
): Promise<number> {
  if (isProduction(settings.context) && !flags['yes-production']) {
    throw new Ending(EXIT.conflict, `${settings.context} is production: --yes-production moves real orders.`);
  }
  const url = buyersAt(flags.api, settings);
  const secret = webhookSecretOf(io.environment);
  if (secret === null) {
    if (flags.tampered) throw new UsageFault('--tampered: there is no signature without WEBHOOK_SECRET');
    say('WEBHOOK_SECRET is not set: it is not signed, which an API with a secret refuses.');
  }
  const path = event === 'payment_success' ? 'payment-success' : 'payment-failed';
  const rows: Delivered[] = [];
  let id = '';
  for (let sending = 1; sending <= (flags.times ?? 1); sending += 1) {
    const receipt = await change(({ 'idempotency-key': key }) => {
      id ||= key;
      const headers = secret === null ? { 'webhook-id': id } : signed(secret, { id, body }, Date.now());
      const sent = flags.tampered ? `${body} ` : body;
      return answerOf(post(`${url}/api/webhook/${path}`, sent, headers, io.signal));
    });
    rows.push({ sending, webhook_id: id, ...receipt });
  }
  out.list(rows);
  return EXIT.ok;
}

/** Where they are. @throws UsageFault when nobody said */
export function buyersAt(told: string | undefined, { apiUrl: known, context }: Settings): string {
  const url = told ?? known;
  if (url !== null) return url;
  throw new UsageFault(
    `Nobody said where the listener for buyers of ${context} is: --api URL, or api_url in its context`,
  );
}

interface Success {
  readonly status: 'success';
  readonly message: string;
  readonly data: PaymentReceipt;
}

async function post(url: string, body: string, headers: Record<string, string>, ended: AbortSignal) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
    redirect: 'manual',
    signal: AbortSignal.any([ended, AbortSignal.timeout(API_SILENCE_MS)]),
  });
  const answer: unknown = await response.json().catch(() => null);
  const { ok, status } = response;
  return { status, data: ok ? (answer as Success | null) : null, error: ok ? null : answer };
}
