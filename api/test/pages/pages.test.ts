/**
 * Everything that README.md and DEPLOYMENT.md have their reader type, typed from top to bottom in a fresh copy of this
 * folder, as a new user does.
 */

import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { load } from '../../backup/load.ts';
import { openEmbeddedStores } from '../../embedded/stores.ts';
import { documentOf } from '../fuzz/document.ts';
import { freePort, freePortsInARow } from '../free-port.ts';
import { until } from '../until.ts';
import { createWorld, type World } from '../world.ts';
import { blocksOf, type Step } from './page.ts';
import { openShell, type Shell } from './shell.ts';

const ROOT = join(import.meta.dir, '../../..');
const NOT_COPIED = /^(node_modules|\.git|\.flashsale.*|\.env|flashsale)$/;

/** What a fence may need, and why it is not typed here. */
const NOT_TYPED: Readonly<Record<string, string>> = {
  test: 'it would run this test',
  sale: 'it is about a sale that is in trouble',
  docker: 'tests have no Docker Engine; api/compose/compose.test.ts has compose read the file',
};

const SERVES = /^npx -y bun@\S+ start$/;
const LEFT_OPEN = /#.*\bleave it open\b/;
/** Whoever types slowly sees what workers do in the meantime; these may be typed again until they show it. */
const LOOKS = /^(ops|curl) (?!.*-[dX] )/;
const SHOWN_WITHIN_MS = 20_000;

const read = (page: string) => readFileSync(join(ROOT, page), 'utf8');

const place = mkdtempSync(join(tmpdir(), 'flash-sale-reader-'));
let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(async () => {
  await world.close();
  rmSync(place, { recursive: true, force: true });
});

/** With what the page takes for granted. */
function readPage(page: string, env: () => Promise<Readonly<Record<string, string>>>): void {
  const [port, opsPort] = [freePort(), freePortsInARow(2)];
  const folder = join(place, page, 'flash-sale');
  const notes = join(place, page, 'notes');
  let shell: Shell;

  beforeAll(async () => {
    cpSync(ROOT, folder, {
      recursive: true,
      filter: (path) => path === ROOT || !NOT_COPIED.test(basename(path)),
    });
    mkdirSync(join(notes, 'bin'), { recursive: true });
    symlinkSync(process.execPath, join(notes, 'bin/bun'));
    shell = openShell(folder, notes, {
      NODE_ENV: 'development',
      PORT: String(port),
      OPS_PORT: String(opsPort),
      FLASHSALE_URL: `http://127.0.0.1:${opsPort}`,
      BUN: process.execPath,
      PATH: `${join(notes, 'bin')}:${process.env['PATH']}`,
      ...(await env()),
    });
  });
  afterAll(() => shell.close());

  /** On ports that nobody else has, and by the Bun that runs here. */
  const here = (text: string) =>
    text
      .replaceAll(/npx -y bun@\S+/g, '"$BUN"')
      .replaceAll(/(?<=localhost:|127\.0\.0\.1:)800[01]\b/g, (known) =>
        String(known === '8000' ? port : opsPort),
      );

  const pattern = (sees: string) =>
    new RegExp(
      sees
        .split('…')
        .map((part) => RegExp.escape(here(part)))
        .join('.*'),
    );

  const follow = async ({ types, sees }: Step): Promise<void> => {
    const before = shell.said().length;
    const seen = () => shell.said().slice(before);
    const awaited = SERVES.test(types) ? [/ready in \d+ ms/] : sees.map(pattern);
    const staysOpen = SERVES.test(types) || LEFT_OPEN.test(types);
    if (staysOpen) shell.leaveOpen(here(types));
    else {
      const code = await shell.type(here(types));
      const said = seen();
      expect([code, said]).toEqual([0, said]);
    }
    await until(async () => {
      if (awaited.every((sight) => sight.test(seen()))) return true;
      if (LOOKS.test(types) && !staysOpen) await shell.type(here(types));
      throw new Error(`${String(awaited)} is not in ${seen()}`);
    }, SHOWN_WITHIN_MS);
  };

  for (const { needs, steps } of blocksOf(read(page))) {
    for (const step of steps) {
      const [typed = ''] = step.types.split('\n');
      if (needs === null) {
        test(`sees what line ${step.line} promises: ${typed}`, () => follow(step), SHOWN_WITHIN_MS * 4);
      } else {
        test(`types line ${step.line} elsewhere, for a known reason: ${typed}`, () => {
          expect(Object.keys(NOT_TYPED)).toContain(needs);
        });
      }
    }
  }
}

describe('a reader of README.md', () => readPage('README.md', async () => ({})));

describe('a reader of DEPLOYMENT.md, with stores of their own,', () => {
  readPage('DEPLOYMENT.md', async () => ({ REDIS_URL: world.redisUrl, DATABASE_URL: world.databaseUrl }));
});

describe('an operator who does what RUNBOOK.md has for quiet days', () => {
  readPage('RUNBOOK.md', async () => {
    const dataDir = join(place, 'RUNBOOK.md/data');
    const backup = join(place, 'first-version.sql.gz');
    writeFileSync(backup, Bun.gzipSync(read('api/test/first-version.sql')));
    const stores = await openEmbeddedStores({ dataDir, redis: false, mysql: true, say: () => {} });
    try {
      await load(stores.databaseUrl ?? '', backup, false);
    } finally {
      await stores.stop();
    }
    return { DATA_DIR: dataDir, DATABASE_URL: '' };
  });
});

test('the README has every route for buyers and payment providers, and no other', async () => {
  const { paths } = await documentOf(world.listening.url);
  const served = Object.entries(paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
  );
  const told = [...read('README.md').matchAll(/^\| `((?:GET|POST|DELETE) \S+)` \|/gm)].map(
    ([, route]) => route,
  );
  expect(new Set(told)).toEqual(new Set(served));
});

test('every `bun run` of a page is a script of package.json', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const pages = readdirSync(ROOT).filter((name) => name.endsWith('.md'));
  const named = pages.flatMap((page) =>
    [...read(page).matchAll(/\bbun(?:@\S+)? run (?!--)([\w:]+)/g)].map(([, script = '']) => ({
      page,
      script,
    })),
  );
  expect(named.length).toBeGreaterThan(10);
  expect(named.filter(({ script }) => !(script in scripts))).toEqual([]);
});
