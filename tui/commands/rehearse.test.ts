import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hold } from '@flash-sale/api/test/client.ts';
import { createWorld, type World } from '@flash-sale/api/test/world.ts';
import { breakApi } from '../test/broken-api.ts';
import { commandsOf } from '../test/run-command.ts';

const SECRET = 'whsec_cmVoZWFyc2FscyBzaWduIGxpa2UgcHJvdmlkZXJzIGRv';
const environment = { WEBHOOK_SECRET: SECRET };

let world: World;
let folder: string;
beforeAll(async () => {
  world = await createWorld({ workers: true, env: environment });
  folder = mkdtempSync(join(tmpdir(), 'rehearsal-'));
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await world.close();
});

const rehearse = (at: Pick<World, 'listening'>, flags: string) =>
  ['rehearse', '--api', new URL(at.listening.url).origin, ...flags.split(' ')] as const;
const SMALL = '--buyers 60 --units 5 --rate 60 --seed 5';

test('a table of rules for people, a report in files, and 0 when it passed', async () => {
  const run = commandsOf(world);
  const line = rehearse(world, `${SMALL} --report ${folder}`);
  const { code, out, err } = await run(line, { environment });
  expect(code).toBe(0);
  expect(out).toMatch(/^✓ PASSED {2}60 buyers for 5 units in [\d.]+ s: \d paid, \d left\n/);
  expect(out).toMatch(/^Holds {2}p50 .* p95 .* p99 .* max /m);
  expect(out).toMatch(/^ +[\d.]+( s)? to +[\d.]+( s)? {2}[█▏▎▍▌▋▊▉ ]+ \d+$/m);
  expect(out).toContain('--seed 5\n');
  expect(err).toMatch(/^1 s \| \d+ of 60 buyers came \| paid \d/m);

  const read = (name: string) => Bun.file(join(folder, name)).text();
  expect(JSON.parse(await read('rehearsal.json'))).toMatchObject({
    passed: true,
    buyers: 60,
    units: 5,
    seed: 5,
  });
  expect(await read('rehearsal.md')).toContain('](rehearsal.svg)');
  const chart = await read('rehearsal.svg');
  expect(chart).toStartWith('<svg ');
  expect(chart.match(/<polyline /g)?.length).toBe(7);
  expect(chart).not.toContain('NaN');
}, 60_000);

test('--json is the report alone; on a terminal progress is redrawn in place', async () => {
  const run = commandsOf(world);
  const [quiet, drawn] = [
    await run(rehearse(world, `${SMALL} --json`), { environment }),
    await run(rehearse(world, SMALL), { environment, isTty: true, columns: 100 }),
  ];
  expect([quiet.code, quiet.err]).toEqual([0, '']);
  expect(JSON.parse(quiet.out)).toMatchObject({ passed: true, recorded: true });
  expect(drawn.err).toContain('\x1b[9A\r');
  expect(Bun.stripANSI(drawn.err)).toMatch(/units +█+.*paid \d ordered 0 held 0 left \d/);
}, 60_000);

test('1 when a rule is broken, which one in words', async () => {
  const own = await createWorld({ env: environment });
  const listening = await breakApi(own, 'that there must be enough units');
  const { code, out } = await commandsOf({ listening })(rehearse({ listening }, SMALL), { environment });
  await listening.stop();
  await own.close();
  expect(code).toBe(1);
  expect(out).toMatch(/^× FAILED /);
  expect(out).toMatch(
    /^× never more units promised .*: broken \d+ times?\n +\d+ units were promised at once, of 5$/m,
  );
}, 60_000);

test('it does not begin where payments are not heard, nobody answers, or it may not change anything', async () => {
  const run = commandsOf(world);
  const line = rehearse(world, SMALL);
  expect(await run(line, {})).toMatchObject({ code: 4, err: expect.stringContaining('set WEBHOOK_SECRET') });
  const foreign = { WEBHOOK_SECRET: `${SECRET}${SECRET.slice(6)}` };
  expect(await run(line, { environment: foreign })).toMatchObject({ code: 4, out: '' });
  const nowhere = ['rehearse', '--api', 'http://127.0.0.1:1'];
  expect(await run(nowhere, { environment })).toMatchObject({
    code: 6,
    err: expect.stringContaining('--api'),
  });
  const ops = ['rehearse', '--api', new URL(world.listening.opsUrl).origin];
  expect(await run(ops, { environment })).toMatchObject({ code: 1, out: '' });
  expect(await run([...line, '--read-only'], { environment })).toMatchObject({ code: 5, out: '' });
  const { out } = await run('sales list --all --json', {});
  // Those of the rehearsals above; none of what was refused.
  expect((JSON.parse(out) as unknown[]).length).toBe(3);
});

test('while buyers are at another sale it asks, or needs --yes', async () => {
  const own = await createWorld({ env: environment });
  const { productId } = await own.sale();
  await hold(own, productId);
  const refused = await commandsOf(own)(rehearse(own, SMALL), { environment });
  expect(refused).toMatchObject({
    code: 2,
    err: expect.stringContaining('Buyers are at sale 1 (Lamp) now.'),
  });
  const line = rehearse(own, SMALL);
  expect(await commandsOf(own)(line, { environment, isTty: true, types: ['no'] })).toMatchObject({ code: 1 });
  await own.close();
});
