/** What the page of a delivery tells, from what the API says of it. */

import { describe, expect, test } from 'bun:test';
import type { DeliveryView } from '@flash-sale/shared/contracts/webhook.ts';
import { textOf } from '../look/span.ts';
import { attemptLines, seriesOf } from './attempt-lines.ts';
import { replayCommand, sendAgainCommand } from './curl.ts';
import { signatureLines } from './signature-lines.ts';

const RECEIVED_AT = '2026-12-01T09:00:05.000Z';
const RECEIVED_S = Date.parse(RECEIVED_AT) / 1_000;

const VIEW: DeliveryView = {
  id: 12,
  provider: 'native',
  event: 'payment_success',
  state: 'processed',
  outcome: 'applied',
  payment_intent_id: 'pi_1',
  hold_id: null,
  sender_key: 'msg_1',
  signature: 'valid',
  received_count: 1,
  attempts: 3,
  received_at: RECEIVED_AT,
  last_received_at: RECEIVED_AT,
  processed_at: RECEIVED_AT,
  next_attempt_at: null,
  headers: {},
  body: `{"note": "it's"}`,
  latest_attempts: [],
  payment: null,
  order: null,
};

function signature(more: Partial<DeliveryView>): string {
  return signatureLines({ ...VIEW, ...more }, 80)
    .map(textOf)
    .join('\n');
}

describe('a signature', () => {
  test('of Standard Webhooks tells when it was made, and how long before it came', () => {
    const said = signature({
      headers: {
        'webhook-signature': 'v1,abc v1,def',
        'webhook-timestamp': String(RECEIVED_S - 2),
      },
    });
    expect(said).toContain('✓ valid');
    expect(said).toContain('Standard Webhooks v1, 2 signatures');
    expect(said).toContain('2026-12-01 09:00:03');
    expect(said).toContain('2 s before it came');
  });

  test('of Stripe may be of a clock that is ahead', () => {
    const said = signature({ headers: { 'stripe-signature': `t=${RECEIVED_S + 200},v1=abc,v0=def` } });
    expect(said).toContain('Stripe v1, v0');
    expect(said).toContain('3 min after it came');
  });

  test('that nobody checked, or that there is none, is no proof', () => {
    expect(signature({ signature: 'unsigned' })).toContain('! unsigned');
    const headers = { 'stripe-signature': 't=soon,v1=abc' };
    const said = signature({ signature: 'unsigned', headers });
    expect(said).toContain('! not checked');
    expect(said).not.toContain('signed at');
  });
});

describe('attempts', () => {
  const attempt = (second: number, outcome: 'parked' | 'applied' | null, fault: string | null = null) => ({
    at: `2026-12-01T09:00:${String(second).padStart(2, '0')}.000Z`,
    cause: 'worker' as const,
    outcome,
    fault,
    duration_ms: 6,
  });
  const latest = [
    attempt(50, 'applied'),
    attempt(40, null, 'the database was not available'),
    attempt(30, 'parked'),
    attempt(20, 'parked'),
    attempt(10, 'parked'),
  ];

  test('that came to the same are told once, with how many they were', () => {
    expect(seriesOf(latest).map(({ times }) => times)).toEqual([1, 1, 3]);
  });

  test('have what was different from one to the next between them', () => {
    expect(attemptLines({ ...VIEW, latest_attempts: latest }).map((line) => textOf(line).trim())).toEqual([
      expect.stringMatching(/^09:00:50 {2}worker {3}✓ applied .* 6 ms$/),
      'outcome none → applied, fault the database was not available → none, 10 s later',
      expect.stringMatching(/^09:00:40 {2}worker {3}× failed/),
      'the database was not available',
      'outcome parked → none, fault none → the database was not available, 10 s later',
      expect.stringMatching(/^09:00:30 .* ○ parked .* 6 ms$/),
      '3 times since 09:00:10',
    ]);
  });
});

describe('commands for a shell', () => {
  test('replay through the API, once, with a token that is not in them', () => {
    const command = replayCommand('http://127.0.0.1:8001', 12, 'a-key');
    expect(command).toContain("'http://127.0.0.1:8001/ops/webhooks/12/replay'");
    expect(command).toContain('"authorization: Bearer $OPERATOR_TOKEN"');
    expect(command).toContain("'idempotency-key: a-key'");
  });

  test('send again what a shell would send as it was', async () => {
    const command = sendAgainCommand({
      ...VIEW,
      headers: { host: 'shop.example', 'webhook-id': 'msg_1', 'x-other': 'not this' },
    });
    // As the shell reads it: one word a line.
    const shell = Bun.spawn(['sh', '-c', command.replace(/^curl -sS/, String.raw`printf '%s\n'`)]);
    const words = (await new Response(shell.stdout).text()).trim().split('\n');
    expect(words).toEqual([
      'http://shop.example/api/webhook/payment-success',
      '-H',
      'webhook-id: msg_1',
      '--data-raw',
      VIEW.body,
    ]);
  });

  test('what was sent is never the name of a file that is sent instead', async () => {
    using server = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch: (request) => request.text().then((body) => new Response(body)),
    });
    const body = `@${import.meta.path}`;
    const command = sendAgainCommand({ ...VIEW, body, headers: { host: `127.0.0.1:${server.port}` } });
    const shell = Bun.spawn(['sh', '-c', command]);
    expect(await new Response(shell.stdout).text()).toBe(body);
  });
});
