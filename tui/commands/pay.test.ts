import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { BOOTSTRAP_TOKEN, createWorld, type OneSale, type World } from '@flash-sale/api/test/world.ts';
import { placeOrder } from '../test/buyer.ts';
import { commandsOf, type Ended } from '../test/run-command.ts';

const SECRET = `whsec_${randomBytes(32).toString('base64')}`;
const RAW = 'a raw secret; as long as it has to be';

let world: World;
let run: (line: string | readonly string[], secret?: string, stdin?: string) => Promise<Ended>;
let sale: OneSale;
beforeAll(async () => {
  world = await createWorld({ env: { WEBHOOK_SECRET: `${SECRET},${RAW}` } });
  const api = new URL(world.listening.url).origin;
  const commands = commandsOf(world);
  run = (line, secret = SECRET, stdin = '') => {
    const words = typeof line === 'string' ? line.split(' ') : line;
    return commands([...words, '--api', api], { environment: { WEBHOOK_SECRET: secret }, stdin });
  };
  sale = await world.sale();
});
afterAll(() => world.close());

const ordered = async (intent: string) => (await placeOrder(world, sale, intent)).holdId;

const rows = ({ out }: { out: string }) => JSON.parse(out) as Record<string, unknown>[];

describe('pay', () => {
  test('pays the order of an intent, and again is the same', async () => {
    const holdId = await ordered('pi_1');
    // Its intent only begins alike.
    await ordered('pi_11');
    const first = await run('pay --intent pi_1 --json');
    expect(first.code).toBe(0);
    expect(rows(first)).toMatchObject([{ sending: 1, hold_id: holdId, status: 'paid', payment: 'applied' }]);
    const again = await run('pay --intent pi_1 --times 3 --json');
    expect(rows(again).map(({ status, order_id }) => [status, order_id])).toEqual(
      Array.from({ length: 3 }, () => ['paid', rows(first)[0]?.['order_id']]),
    );
    expect(new Set(rows(again).map(({ webhook_id }) => webhook_id)).size).toBe(1);
  });

  test('is a table for people', async () => {
    await ordered('pi_table');
    const { out, err } = await run('pay --intent pi_table --idempotency-key msg_mine');
    expect(out).toMatch(
      /^Sending  Order is  Payment  Order +Webhook\n +1  paid +applied +[\da-f-]{36}  msg_mine\n$/,
    );
    expect(err).toBe('The delivery is recorded.\n');
  });

  test('a failed one cancels, one of another amount pays nothing', async () => {
    await ordered('pi_failed');
    expect(rows(await run('pay --intent pi_failed --failed --json'))).toMatchObject([
      { status: 'cancelled' },
    ]);
    await ordered('pi_less');
    const less = rows(await run('pay --intent pi_less --amount 0.01 --currency EUR --json'));
    expect(less[0]?.['payment']).not.toBe('applied');
    expect(less[0]?.['status']).not.toBe('paid');
  });

  test('is signed by every kind of secret, and nothing else is believed', async () => {
    await ordered('pi_signed');
    for (const wrong of [[''], ['a secret that the API does not know'], [SECRET, '--tampered']] as const) {
      const [secret, ...more] = wrong;
      expect(await run(['pay', '--intent', 'pi_signed', ...more], secret)).toMatchObject({
        code: 4,
        out: '',
        err: expect.stringContaining('signature is'),
      });
    }
    expect((await run('pay --intent pi_signed', RAW)).code).toBe(0);
    // The newest of several.
    expect((await run('pay --intent pi_signed', `${RAW}, nobody knows this one`)).code).toBe(0);
    expect((await run('pay --intent pi_signed --tampered', '')).code).toBe(2);
  });

  test('an intent that no order has', async () => {
    expect(await run('pay --intent pi_none')).toMatchObject({
      code: 3,
      err: expect.stringContaining('--hold'),
    });
    const early = await run(['pay', '--intent', 'pi_none', '--hold', crypto.randomUUID()]);
    expect(early).toMatchObject({
      code: 3,
      err: expect.stringContaining('No order has this payment intent yet'),
    });
  });

  test('what is not written as it should be', async () => {
    for (const line of [
      'pay',
      'pay --intent x --amount -1',
      'pay --intent x --currency euro',
      'pay --intent x --times 0',
    ]) {
      expect((await run(line)).code).toBe(2);
    }
    expect((await run('pay --intent pi_1 --read-only')).code).toBe(5);
  });
});

describe('webhooks send', () => {
  const folder = mkdtempSync(join(tmpdir(), 'flash-sale-send-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('a file, and what is piped into it', async () => {
    const bodies = await Promise.all(
      ['pi_file', 'pi_pipe'].map(async (intent) =>
        JSON.stringify({ hold_id: await ordered(intent), payment_intent_id: intent }, null, 2),
      ),
    );
    const file = join(folder, 'payment.json');
    writeFileSync(file, bodies[0] ?? '');
    expect(rows(await run(['webhooks', 'send', file, '--json']))).toMatchObject([{ status: 'paid' }]);
    const failed = await run('webhooks send - --event payment_failed --json', SECRET, bodies[1]);
    expect(rows(failed)).toMatchObject([{ status: 'cancelled' }]);
  });

  test('what the API does not take is told as it tells it', async () => {
    expect(await run('webhooks send -', SECRET, '{"hold_id": 7}')).toMatchObject({
      code: 1,
      err: expect.stringContaining('hold_id'),
    });
    expect((await run('webhooks send -')).code).toBe(2);
    expect((await run(['webhooks', 'send', join(folder, 'none')])).code).toBe(3);
  });
});

test('production is left alone, unless somebody insists', async () => {
  const home = mkdtempSync(join(tmpdir(), 'flash-sale-production-'));
  const token = join(home, 'token');
  const url = new URL(world.listening.opsUrl).origin;
  writeFileSync(token, BOOTSTRAP_TOKEN, { mode: 0o600 });
  const contexts = (name: string, more = '') =>
    `current = "${name}"\n[contexts.${name}]\nurl = "${url}"\ntoken_file = "${token}"\n${more}`;
  const environment = { FLASHSALE_URL: '', OPERATOR_TOKEN: '', HOME: home, WEBHOOK_SECRET: SECRET };
  const commands = commandsOf(world);
  const go = (line: string) => commands(line, { environment });
  const write = (text: string) => Bun.write(join(home, '.config/flashsale/contexts.toml'), text);
  try {
    const api = `api_url = "${new URL(world.listening.url).origin}"\n`;
    await ordered('pi_production');
    await write(contexts('production', api));
    expect((await go('pay --intent pi_production')).code).toBe(5);
    expect(await go('pay --intent pi_production --write')).toMatchObject({
      code: 5,
      err: expect.stringContaining('--yes-production'),
    });
    expect((await go('pay --intent pi_production --write --yes-production')).code).toBe(0);
    await write(contexts('staging', api));
    expect((await go('pay --intent pi_production')).code).toBe(0);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
});
