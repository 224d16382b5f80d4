/**
 * Standard Webhooks 1.0 (https://github.com/standard-webhooks/standard-webhooks): HMAC-SHA256 over
 * `id.timestamp.body`, several signatures and several secrets so that either side can rotate.
 */

import { Webhook } from 'standardwebhooks';
import type { Config } from '../config.ts';

export type SignatureCheck = 'valid' | 'invalid' | 'missing';

/** For trying out: never in production, and not once a secret is set. */
export function mayBeUnsigned({ NODE_ENV }: Pick<Config, 'NODE_ENV'>, secrets: readonly string[]): boolean {
  return secrets.length === 0 && NODE_ENV !== 'production';
}

/** @param secrets any of them may have signed; `whsec_` and base64, or the raw secret */
export function checkSignature(
  secrets: readonly string[],
  headers: Readonly<Record<string, string | undefined>>,
  body: string,
): SignatureCheck {
  if (headers['webhook-signature'] === undefined) return 'missing';
  const presented = {
    'webhook-id': headers['webhook-id'] ?? '',
    'webhook-timestamp': headers['webhook-timestamp'] ?? '',
    'webhook-signature': headers['webhook-signature'],
  };
  const isValid = secrets.some((secret) => {
    try {
      webhookOf(secret).verify(body, presented, { jsonParse: false });
      return true;
    } catch {
      // The library says no by throwing, whether the signature, its form or its time is wrong.
      return false;
    }
  });
  return isValid ? 'valid' : 'invalid';
}

const webhooks = new Map<string, Webhook>();

function webhookOf(secret: string): Webhook {
  let webhook = webhooks.get(secret);
  if (webhook === undefined) {
    webhook = secret.startsWith('whsec_')
      ? new Webhook(secret)
      : new Webhook(Buffer.from(secret), { format: 'raw' });
    webhooks.set(secret, webhook);
  }
  return webhook;
}
