/** Commands for a shell. The token is never in them: they take it from the environment of whoever runs them. */

import type { DeliveryView } from '@flash-sale/shared/contracts/webhook.ts';
import { shellWord } from '../terminal/shell-word.ts';

/** The same key each time it is run: it is done once. */
export function replayCommand(opsUrl: string, id: number, key: string = crypto.randomUUID()): string {
  return [
    `curl -sS -X POST ${shellWord(`${opsUrl}/ops/webhooks/${id}/replay`)}`,
    '-H "authorization: Bearer $OPERATOR_TOKEN"',
    `-H 'idempotency-key: ${key}'`,
  ].join(' \\\n  ');
}

/** What the provider sent, sent again as it was. Its signature is good for some minutes only. */
export function sendAgainCommand({ provider, event, headers, body }: DeliveryView): string {
  const scheme = headers['x-forwarded-proto'] === 'https' ? 'https' : 'http';
  const path = provider === 'stripe' ? 'stripe' : event.replace('_', '-');
  const url = `${scheme}://${headers['host'] ?? 'localhost:8000'}/api/webhook/${path}`;
  const sent = SENT_HEADERS.flatMap((name) => {
    const value = headers[name];
    return value === undefined ? [] : [`-H ${shellWord(`${name}: ${value}`)}`];
  });
  // Raw: else a body that begins with @ would be read as the name of a file of whoever runs it.
  return [`curl -sS ${shellWord(url)}`, ...sent, `--data-raw ${shellWord(body)}`].join(' \\\n  ');
}

const SENT_HEADERS = [
  'content-type',
  'idempotency-key',
  'webhook-id',
  'webhook-timestamp',
  'webhook-signature',
  'stripe-signature',
];
