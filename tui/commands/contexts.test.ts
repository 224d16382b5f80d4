import { afterAll, beforeAll, expect, test } from 'bun:test';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { commandsOf } from '../test/run-command.ts';

const run = commandsOf();
const CONTEXTS = `# Ours.
[contexts.staging] # by the river
url = "https://staging.example.com"
token = "fsop_of_staging_that_is_long_enough_to_be_a_token"

[contexts."the shop"]
url = "https://ops.example.com"
api_url = "https://example.com"
token_env = "SHOP_TOKEN"
read_only = true
`;

let home: string;
let file: string;
let environment: { HOME: string };
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'contexts-'));
  environment = { HOME: home };
  mkdirSync(join(home, '.config/flashsale'), { recursive: true });
  file = join(home, '.config/flashsale/contexts.toml');
  writeFileSync(file, CONTEXTS);
  chmodSync(file, 0o600);
});
afterAll(() => rmSync(home, { recursive: true }));

test('context list: what is in the file, and never a token', async () => {
  const { code, out } = await run('context list', { environment });
  expect([code, out]).toEqual([
    0,
    expect.stringMatching(/the shop +https:\/\/ops\.example\.com +https:\/\/example\.com +yes/),
  ]);
  const whole = (await run('context list --json', { environment })).out;
  expect(JSON.parse(whole)).toMatchObject([{ name: 'staging', current: false }, { name: 'the shop' }]);
  expect(whole).not.toContain('fsop_');
  expect(await run.json('context list')).toEqual([]);
});

test('context use: changes the one line, and keeps the rest and the mode of the file', async () => {
  expect(await run('context use staging', { environment })).toMatchObject({ code: 0, out: '' });
  expect(readFileSync(file, 'utf8')).toBe(`current = "staging"\n${CONTEXTS}`);
  expect(await run(['context', 'use', 'the shop'], { environment })).toMatchObject({ code: 0 });
  expect(readFileSync(file, 'utf8')).toBe(`current = "the shop"\n${CONTEXTS}`);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect((await run('context list', { environment })).out).toMatch(/^\* +the shop/m);
  expect(await run('context use prod', { environment })).toMatchObject({
    code: 3,
    err: expect.stringContaining('there are staging, the shop'),
  });
});

test('a faulty file is told with 2', async () => {
  const broken = mkdtempSync(join(tmpdir(), 'contexts-'));
  mkdirSync(join(broken, 'flashsale'));
  writeFileSync(join(broken, 'flashsale/contexts.toml'), 'current = "none"');
  const said = await run('context list', { environment: { HOME: broken, XDG_CONFIG_HOME: broken } });
  expect(said).toMatchObject({ code: 2, out: '', err: expect.stringContaining('current: expected') });
  rmSync(broken, { recursive: true });
});
