/** Messages as a payment provider signs them: Standard Webhooks. */

import { createHmac } from 'node:crypto';

/** @param secret `whsec_` and base64, or the secret as it is @returns the headers that go with the message */
export function signed(
  secret: string,
  { id, body }: { readonly id: string; readonly body: string },
  atMs: number,
): Record<string, string> {
  const key = secret.startsWith('whsec_') ? Buffer.from(secret.slice('whsec_'.length), 'base64') : secret;
  const timestamp = String(Math.floor(atMs / 1_000));
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` };
}
