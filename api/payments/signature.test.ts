import { createHmac, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { deliveries } from '@flash-sale/drizzle/schema.ts';
import { WEBHOOK_TOLERANCE_S } from '@flash-sale/shared/limits.ts';
import { readConfig } from '../config.ts';
import { statement } from '../mysql/transaction.ts';
import { hold, order, send } from '../test/client.ts';
import { createWorld, type World } from '../test/world.ts';

const CODED = `whsec_${randomBytes(32).toString('base64')}`;
const RAW = 'a raw secret; as long as it has to be';
const UNKNOWN = `whsec_${randomBytes(32).toString('base64')}`;

let world: World;
beforeAll(async () => {
  world = await createWorld({ env: { WEBHOOK_SECRET: `${CODED}, ${RAW}` } });
});
afterAll(() => world.close());

/** By the text of the specification, not by the library that checks it. */
function signatureOf(secret: string, id: string, timestamp: number | string, body: string): string {
  const key = secret.startsWith('whsec_') ? Buffer.from(secret.slice(6), 'base64') : Buffer.from(secret);
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
}

interface Message {
  readonly path: string;
  readonly body: string;
  readonly headers: Record<string, string>;
}

function sign(body: string, { secret = CODED, id = `msg_${crypto.randomUUID()}`, ageS = 0 } = {}): Message {
  const timestamp = String(Math.floor(Date.now() / 1_000) - ageS);
  const headers = {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': signatureOf(secret, id, timestamp, body),
  };
  return { path: '/api/webhook/payment-success', body, headers };
}

async function deliver({ path, body, headers }: Message) {
  const { status, body: reply } = await send(world, 'POST', path, body, headers);
  return [status, reply.code ?? reply.data['payment']];
}

async function orderedPayment(): Promise<string> {
  const { productId } = await world.sale();
  const holdId = (await hold(world, productId)).body.data.hold_id;
  const intentId = `pi_signed_${crypto.randomUUID()}`;
  await order(world, holdId, intentId);
  return JSON.stringify({ hold_id: holdId, payment_intent_id: intentId });
}

function countDeliveries(): Promise<number> {
  return statement(world.services.mysql, (sql) => sql.$count(deliveries));
}

test('our own signatures are those of the specification', () => {
  const body = '{"test": 2432232314}';
  const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
  expect(signatureOf(secret, 'msg_p5jXN8AQM9LWM0D4loKWxJek', 1_614_265_330, body)).toBe(
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  );
});

describe('a signed webhook is taken', () => {
  test('with each of the secrets, whether it is coded or raw', async () => {
    for (const secret of [CODED, RAW]) {
      expect(await deliver(sign(await orderedPayment(), { secret }))).toEqual([200, 'applied']);
    }
    const rows = await statement(world.services.mysql, (sql) => sql.select().from(deliveries));
    expect(rows.map(({ signed }) => signed)).toEqual([1, 1]);
  });

  test('while its sender rotates: one of several signatures is enough', async () => {
    const { body, headers, path } = sign(await orderedPayment());
    const { 'webhook-id': id = '', 'webhook-timestamp': timestamp = '' } = headers;
    const signatures = [
      signatureOf(UNKNOWN, id, timestamp, body),
      'v1a,bm90IG91ciBzY2hlbWU=',
      'v1,',
      headers['webhook-signature'],
    ];
    const rotating = { path, body, headers: { ...headers, 'webhook-signature': signatures.join(' ') } };
    expect(await deliver(rotating)).toEqual([200, 'applied']);
  });

  test('up to five minutes early or late', async () => {
    for (const ageS of [WEBHOOK_TOLERANCE_S - 5, 5 - WEBHOOK_TOLERANCE_S]) {
      expect(await deliver(sign(await orderedPayment(), { ageS }))).toEqual([200, 'applied']);
    }
  });

  test('again: the same message is the same delivery', async () => {
    const message = sign(await orderedPayment(), { id: 'msg_again' });
    expect(await deliver(message)).toEqual([200, 'applied']);
    const before = await countDeliveries();
    expect(await deliver(sign(message.body, { id: 'msg_again' }))).toEqual([200, 'applied']);
    expect(await countDeliveries()).toBe(before);
  });

  test('whatever its bytes are: the signature is over them, not over what they mean', async () => {
    const spaced = (await orderedPayment()).replaceAll(':', ' :\t').replace('{', '{\r\n');
    expect(await deliver(sign(spaced))).toEqual([200, 'applied']);
    const message = sign(await orderedPayment());
    expect(await deliver({ ...message, body: `${message.body} ` })).toEqual([401, 'signature_invalid']);
  });
});

describe('a webhook is refused and nothing is recorded', () => {
  const FORGED: [string, (message: Message) => Partial<Message>][] = [
    ['without a signature', () => ({ headers: {} })],
    ['without its id', ({ headers }) => ({ headers: without(headers, 'webhook-id') })],
    ['without its timestamp', ({ headers }) => ({ headers: without(headers, 'webhook-timestamp') })],
    ['with an empty signature', ({ headers }) => ({ headers: { ...headers, 'webhook-signature': '' } })],
    ['with half a signature', ({ headers }) => ({ headers: cut(headers, 'webhook-signature') })],
    ['with another id', ({ headers }) => ({ headers: { ...headers, 'webhook-id': 'msg_other' } })],
    ['with another timestamp', ({ headers }) => ({ headers: later(headers) })],
    ['with a timestamp in words', ({ headers }) => ({ headers: { ...headers, 'webhook-timestamp': 'now' } })],
    ['with a signature of another version', ({ headers }) => ({ headers: version2(headers) })],
    ['with another body', ({ body }) => ({ body: body.replace('}', ',"amount":19.99}') })],
    ['signed with a secret that is not ours', ({ body }) => sign(body, { secret: UNKNOWN })],
    ['signed too long ago', ({ body }) => sign(body, { ageS: WEBHOOK_TOLERANCE_S + 5 })],
    ['signed in the future', ({ body }) => sign(body, { ageS: -WEBHOOK_TOLERANCE_S - 5 })],
    ['signed with the empty key', ({ body }) => sign(body, { secret: 'whsec_' })],
  ];
  test.each(FORGED)('%s: 401, and nothing is recorded', async (_, forge) => {
    const message = sign(await orderedPayment());
    const before = await countDeliveries();
    const forged = { ...message, ...forge(message) };
    for (const event of ['success', 'failed']) {
      const path = `/api/webhook/payment-${event}`;
      expect(await deliver({ ...forged, path })).toEqual([401, 'signature_invalid']);
    }
    expect(await countDeliveries()).toBe(before);
    expect(await deliver(message)).toEqual([200, 'applied']);
  });

  test('when it is not signed, before anything is said of its body', async () => {
    for (const body of ['{}', '[', 'null']) {
      const message = { ...sign('{}'), headers: {}, body };
      expect(await deliver(message)).toEqual([401, 'signature_invalid']);
    }
    expect(await deliver(sign('{}'))).toEqual([400, 'bad_request']);
  });

  function without(headers: Record<string, string>, name: string): Record<string, string> {
    return Object.fromEntries(Object.entries(headers).filter(([each]) => each !== name));
  }

  function cut(headers: Record<string, string>, name: string): Record<string, string> {
    return { ...headers, [name]: headers[name]?.slice(0, 24) ?? '' };
  }

  function later(headers: Record<string, string>): Record<string, string> {
    return { ...headers, 'webhook-timestamp': String(Number(headers['webhook-timestamp']) + 1) };
  }

  function version2(headers: Record<string, string>): Record<string, string> {
    return { ...headers, 'webhook-signature': headers['webhook-signature']?.replace('v1', 'v2') ?? '' };
  }
});

describe('the configuration', () => {
  const production = { NODE_ENV: 'production', PORT: '0' };

  test('of production needs a secret: without it anybody could pay', () => {
    for (const WEBHOOK_SECRET of [undefined, '']) {
      expect(() => readConfig({ ...production, WEBHOOK_SECRET })).toThrow(/WEBHOOK_SECRET: .*production/);
    }
    expect(readConfig({ ...production, WEBHOOK_SECRET: CODED }).WEBHOOK_SECRET).toEqual([CODED]);
    expect(readConfig({ NODE_ENV: 'test' }).WEBHOOK_SECRET).toEqual([]);
  });

  test('takes several secrets, and none that is too short to be one', () => {
    expect(readConfig({ WEBHOOK_SECRET: `${CODED} , ${RAW}` }).WEBHOOK_SECRET).toEqual([CODED, RAW]);
    for (const weak of ['short', 'whsec_c2hvcnQ=', `${CODED},short`, `${CODED},`, ',', 'whsec_']) {
      expect(() => readConfig({ WEBHOOK_SECRET: weak })).toThrow(/WEBHOOK_SECRET: expected .*24 bytes/);
    }
  });

  test('refuses a coded secret that is not base64: nothing could ever be signed with it', () => {
    for (const code of [
      Buffer.alloc(32, 255).toString('base64url'),
      `!${CODED.slice(6)}`,
      `${CODED.slice(6)}*`,
    ]) {
      expect(() => readConfig({ WEBHOOK_SECRET: `whsec_${code}` })).toThrow('WEBHOOK_SECRET');
    }
  });

  test('names all of its faults in one message, and no secret', () => {
    const secrets = {
      WEBHOOK_SECRET: 'hunter2',
      DATABASE_URL: 'postgres://root:hunter2@db/x',
      REDIS_URL: 'hunter2',
    };
    let message = '';
    try {
      readConfig({ ...secrets, NODE_ENV: 'production', PORT: '70000', WORKERS: 'some', LOG_LEVEL: 'loud' });
    } catch (error) {
      message = (error as Error).message;
    }
    for (const name of ['WEBHOOK_SECRET', 'DATABASE_URL', 'REDIS_URL', 'PORT', 'WORKERS', 'LOG_LEVEL']) {
      expect(message).toContain(`\n  ${name}: expected `);
    }
    expect(message).toContain('"70000"');
    expect(message).not.toContain('hunter2');
  });
});
