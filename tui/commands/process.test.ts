/** Commands as they are run: real processes with real streams, terminals and exit codes. */

import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { hold, ops } from '@flash-sale/api/test/client.ts';
import { createWorld, type OneSale, type World } from '@flash-sale/api/test/world.ts';
import { startPty } from '../test/pty.ts';
import { placeOf } from '../test/run-command.ts';

const FLASHSALE = [process.execPath, join(import.meta.dir, '../flashsale.ts')];

let world: World;
let sale: OneSale;
let env: Record<string, string>;
beforeAll(async () => {
  world = await createWorld();
  sale = await world.sale({ allotment: 1_000 });
  env = { ...placeOf(world), PATH: process.env['PATH'] ?? '', TERM: 'xterm-256color' };
});
afterAll(() => world.close());

async function run(line: string, stdin: 'ignore' | Blob = 'ignore') {
  const child = Bun.spawn([...FLASHSALE, ...line.split(' ')], { env, stdin, stdout: 'pipe', stderr: 'pipe' });
  const [code, out, err] = await Promise.all([child.exited, child.stdout.text(), child.stderr.text()]);
  return { code, out, err };
}

const pty = (line: string, columns = 100) =>
  startPty([...FLASHSALE, ...line.split(' ')], { columns, rows: 30, env });

describe('in a pipe', () => {
  test('data is on stdout, everything else on stderr, without colours', async () => {
    const listed = await run('sales list');
    expect([listed.code, listed.err]).toEqual([0, '']);
    expect(listed.out).toMatch(/Lamp +live/);
    expect(listed.out).not.toContain('\u001b');
    expect(await run('sales show 999 --json')).toEqual({ code: 3, out: '', err: 'There is no sale 999.\n' });
    expect(await run('sales show')).toMatchObject({ code: 2, out: '' });
  });

  test('nobody is asked: 2 without --yes', async () => {
    const { code, out, err } = await run(`sales end ${sale.saleId}`);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain('there is no terminal to ask on: --yes says yes');
    expect(JSON.parse((await run(`sales show ${sale.saleId} --json`)).out)).toMatchObject({ state: 'live' });
  });

  test('stdin may be a file of sales', async () => {
    const sales = [{ product_id: sale.productId, allotment: 3 }];
    const { code, out } = await run('sales create --file - --quiet', new Blob([JSON.stringify({ sales })]));
    expect([code, out]).toEqual([0, expect.stringMatching(/^\d+\n$/)]);
  });

  test('much is written whole, and a reader who has seen enough ends it with 0', async () => {
    for (let made = 0; made < 700; made += 1) await hold(world, sale.productId, { buyer_id: `b${made}` });
    const list = `holds list ${sale.saleId} --all --json`;
    expect(JSON.parse((await run(list)).out)).toHaveLength(700);
    const line = `set -o pipefail; ${FLASHSALE.join(' ')} ${list} | head -n 1`;
    const head = Bun.spawn(['bash', '-c', line], { env, stdout: 'pipe', stderr: 'pipe' });
    expect(await Promise.all([head.exited, head.stdout.text(), head.stderr.text()])).toEqual([0, '[\n', '']);
  }, 60_000);

  test('a stream ends when its reader has gone', async () => {
    const line = `set -o pipefail; ${FLASHSALE.join(' ')} events tail --types hold --ndjson | head -n 1`;
    const head = Bun.spawn(['bash', '-c', line], { env, stdout: 'pipe', stderr: 'pipe' });
    let isOver = false;
    const over = head.exited.finally(() => (isOver = true));
    while (!isOver) {
      await hold(world, sale.productId, { buyer_id: crypto.randomUUID() });
      await Promise.race([over, Bun.sleep(100)]);
    }
    expect(await Promise.all([over, head.stdout.text(), head.stderr.text()])).toEqual([
      0,
      expect.stringMatching(/^\{.*\}\n$/),
      '',
    ]);
  });

  test.each(['SIGTERM', 'SIGHUP'] as const)(
    '%s ends a rehearsal and its sale',
    async (signal) => {
      const own = { ...env, WEBHOOK_SECRET: '' };
      const line = ['rehearse', '--yes', '--units', '5', '--api', new URL(world.listening.url).origin];
      const child = Bun.spawn([...FLASHSALE, ...line], { env: own, stdout: 'ignore', stderr: 'pipe' });
      // Once its sale is live, nobody reads what it says any more: it goes on nevertheless.
      const reader = child.stderr.getReader();
      await reader.read();
      await reader.cancel();
      child.kill(signal);
      expect(await child.exited).toBe(130);
      const { body } = await ops(world, 'GET', '/ops/sales?limit=1');
      expect(body.data['items']).toMatchObject([
        {
          product_name: expect.stringContaining('Rehearsal'),
          state: expect.stringMatching(/draining|ended/),
        },
      ]);
    },
    30_000,
  );

  test('SIGINT ends it while it waits for what is piped into it', async () => {
    const line = ['sales', 'create', '--file', '-'];
    const child = Bun.spawn([...FLASHSALE, ...line], { env, stdin: 'pipe', stdout: 'pipe', stderr: 'pipe' });
    // More than a pipe holds: it is written when somebody reads it.
    void child.stdin.write(' '.repeat(1_000_000));
    await child.stdin.flush();
    child.kill('SIGINT');
    expect(await child.exited).toBe(130);
    expect(child.signalCode).toBeNull();
  });

  test('SIGINT ends it with 130', async () => {
    const child = Bun.spawn([...FLASHSALE, 'sales', 'watch', String(sale.saleId)], { env, stdout: 'pipe' });
    const reader = child.stdout.getReader();
    await reader.read();
    child.kill('SIGINT');
    expect(await child.exited).toBe(130);
  });
});

describe('on a terminal', () => {
  test('a table has colours, and what can be taken back by nobody is asked', async () => {
    await using listed = pty('sales list');
    expect(await listed.exited).toBe(0);
    expect(listed.bytes()).toContain('\u001b[32mlive');
    await using no = pty(`sales halt ${sale.saleId}`);
    await no.waitFor('Type yes to do it:');
    no.type('no\r');
    expect(await no.exited).toBe(1);
    await using interrupted = pty(`sales halt ${sale.saleId}`);
    await interrupted.waitFor('Type yes to do it:');
    interrupted.press('ctrl+c');
    expect(await interrupted.exited).toBe(130);
    await using yes = pty(`sales halt ${sale.saleId} --no-color`);
    await yes.waitFor('Type yes to do it:');
    yes.type('yes\r');
    await yes.waitFor(/The sale is halted[^]*Lamp +halted/);
    expect(await yes.exited).toBe(0);
    expect(yes.bytes()).not.toContain('\u001b[33m');
  });
});
