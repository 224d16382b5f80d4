import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSettings, webhookSecretOf, type Settings } from './config.ts';

const token = (name: string) => `fsop_${name}_that_is_long_enough_to_be_a_token`;
const CONTEXTS = `
  [contexts.production]
  url = "https://ops.example.com"
  api_url = "https://example.com"
  token_env = "PRODUCTION_TOKEN"
  color = "red"
  [contexts.staging]
  url = "https://staging.example.com"
  token_file = "staging.token"
`;

let folder: string;
/** Of a machine on which the stack was started once, and that has a contexts file without a current context. */
let machine: Record<string, string>;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'settings-'));
  machine = {
    HOME: folder,
    DATA_DIR: join(folder, 'data'),
    TERM: 'xterm-256color',
    PRODUCTION_TOKEN: token('production'),
  };
  writeOwn('data/operator-token', token('stack'));
  writeOwn('.config/flashsale/contexts.toml', CONTEXTS);
  writeOwn('.config/flashsale/staging.token', token('staging'));
  writeOwn('xdg/flashsale/contexts.toml', `current = "staging"\n${CONTEXTS}`);
  writeOwn('xdg/flashsale/staging.token', token('xdg'));
  writeOwn('other.token', token('other'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function writeOwn(path: string, text: string): void {
  const whole = join(folder, path);
  mkdirSync(join(whole, '..'), { recursive: true });
  writeFileSync(whole, text);
  chmodSync(whole, 0o600);
}

const start = (line: string, environment: Record<string, string> = {}) =>
  readSettings(line.split(' ').filter(Boolean), { ...machine, ...environment });

function settings(line: string, environment?: Record<string, string>): Settings {
  const read = start(line, environment);
  if (read.kind !== 'settings') throw new Error(JSON.stringify(read));
  return read.settings;
}

function fault(line: string, environment?: Record<string, string>): string {
  const read = start(line, environment);
  if (read.kind !== 'fault') throw new Error(`it was not refused, but ${read.kind}`);
  return read.message;
}

const whereAndWho = (line: string, environment?: Record<string, string>) => {
  const read = settings(line, environment);
  return [read.context, read.url, read.token];
};

const LOCAL = ['local', 'http://127.0.0.1:8001', token('stack')];
const STAGING = ['staging', 'https://staging.example.com', token('staging')];
const REMOTE = 'https://shop.example.com';

describe('where the terminal connects to', () => {
  test('is the stack of this machine when nothing is said', () => {
    expect(whereAndWho('')).toEqual(LOCAL);
    expect(whereAndWho('', { OPERATOR_TOKEN: token('mine') })).toEqual([
      'local',
      'http://127.0.0.1:8001',
      token('mine'),
    ]);
    expect(fault('', { DATA_DIR: join(folder, 'none') })).toContain('`bun start` makes one');
  });

  test('is the context that a flag, a variable or the file names, in this order', () => {
    const XDG_CONFIG_HOME = join(folder, 'xdg');
    expect(whereAndWho('--context staging')).toEqual(STAGING);
    expect(whereAndWho('', { FLASHSALE_CONTEXT: 'staging' })).toEqual(STAGING);
    expect(whereAndWho('', { XDG_CONFIG_HOME })).toEqual(['staging', STAGING[1] ?? '', token('xdg')]);
    expect(settings('--context production', { FLASHSALE_CONTEXT: 'staging', XDG_CONFIG_HOME })).toMatchObject(
      {
        context: 'production',
        contextColor: 'red',
        token: token('production'),
      },
    );
    expect(whereAndWho('--url http://localhost:9001', { XDG_CONFIG_HOME })).toEqual([
      'local',
      'http://localhost:9001',
      token('stack'),
    ]);
    expect(fault('--context live')).toContain('there are production, staging');
  });

  test('is the stack that opened it, whatever else is said', () => {
    const elsewhere = {
      FLASHSALE_URL: REMOTE,
      FLASHSALE_TOKEN_FILE: join(folder, 'other.token'),
      XDG_CONFIG_HOME: join(folder, 'xdg'),
    };
    expect(whereAndWho('--with-stack --url http://127.0.0.1:9', elsewhere)).toEqual([
      'local',
      'http://127.0.0.1:9',
      token('stack'),
    ]);
    expect(settings('--with-stack', { FLASHSALE_CONTEXT: 'staging' })).toMatchObject({
      context: 'local',
      withStack: true,
    });
  });
});

describe('a token goes only to its own place', () => {
  test("the stack's goes to no other machine", () => {
    for (const url of [REMOTE, 'http://127.0.0.1.example.com', 'http://10.0.0.1:8001']) {
      expect(fault(`--url ${url}`)).toContain(`There is no token for ${url}`);
      expect(fault('', { FLASHSALE_URL: url })).toContain(`There is no token for ${url}`);
    }
    for (const url of ['http://127.0.0.2:1', 'http://[::1]:1', 'http://localhost:1']) {
      expect(whereAndWho('', { FLASHSALE_URL: url })).toEqual(['local', url, token('stack')]);
    }
  });

  test('that of the environment goes to the URL of the environment', () => {
    const OPERATOR_TOKEN = token('shop');
    const FLASHSALE_TOKEN_FILE = join(folder, 'other.token');
    expect(whereAndWho('', { FLASHSALE_URL: REMOTE, OPERATOR_TOKEN })).toEqual([
      'shop.example.com',
      REMOTE,
      OPERATOR_TOKEN,
    ]);
    expect(whereAndWho(`--url ${REMOTE}`, { FLASHSALE_TOKEN_FILE })[2]).toBe(token('other'));
    expect(fault('--url http://127.0.0.1:1', { FLASHSALE_URL: REMOTE, OPERATOR_TOKEN })).toContain(
      `is for FLASHSALE_URL, ${REMOTE}`,
    );
    expect(fault('', { FLASHSALE_TOKEN_FILE, OPERATOR_TOKEN })).toContain('both set');
  });

  test("a context's goes with its URL, and no other token or URL with either", () => {
    const OPERATOR_TOKEN = token('shop');
    expect(whereAndWho('--context staging', { FLASHSALE_URL: REMOTE, OPERATOR_TOKEN })).toEqual(STAGING);
    expect(fault(`--context staging --url ${REMOTE}`)).toContain('leave one out');
    expect(fault('', { FLASHSALE_CONTEXT: 'staging', FLASHSALE_URL: REMOTE })).toContain('leave one out');
  });
});

test('the listener for buyers is told by the context, and is beside the operators on this machine alone', () => {
  expect(settings('').apiUrl).toBe('http://127.0.0.1:8000');
  expect(settings('--url http://127.0.0.1:8001').apiUrl).toBe('http://127.0.0.1:8000');
  expect(settings('--url http://127.0.0.1:8301').apiUrl).toBeNull();
  expect(settings('--context production').apiUrl).toBe('https://example.com');
  expect(settings('--context staging').apiUrl).toBeNull();
  expect(settings('--context staging --api https://shop.example.com/').apiUrl).toBe(
    'https://shop.example.com',
  );
  expect(fault('--api nowhere')).toStartWith('--api: expected the address of the listener for buyers');
});

test('payments are signed with the newest secret', () => {
  expect(webhookSecretOf({ WEBHOOK_SECRET: 'whsec_new, whsec_old' })).toBe('whsec_new');
  expect([webhookSecretOf({}), webhookSecretOf({ WEBHOOK_SECRET: '' })]).toEqual([null, null]);
});

describe('settings', () => {
  test('are read-only where a flag, a variable or the context says so, in this order', () => {
    const isReadOnly = (line: string, FLASHSALE_READ_ONLY = '') =>
      settings(line, { FLASHSALE_READ_ONLY }).readOnly;
    expect(isReadOnly('')).toBe(false);
    expect(isReadOnly('--read-only', 'false')).toBe(true);
    expect(isReadOnly('', 'true')).toBe(true);
    expect(isReadOnly('--write', 'true')).toBe(false);
    expect(isReadOnly('--context production')).toBe(true);
    expect(isReadOnly('--context production', 'false')).toBe(false);
    expect(isReadOnly('--context production --write')).toBe(false);
    expect(fault('--write --read-only')).toContain('exclude each other');
  });

  test('suit the terminal', () => {
    const plain = {
      ascii: false,
      color: 'default',
      mouse: false,
      linear: false,
      reducedMotion: false,
    } as const;
    expect(settings('')).toMatchObject({ ...plain, framesPerSecond: 10, isOverSsh: false, withStack: false });
    expect(settings('--ascii --no-color --mouse --linear --reduced-motion --fps 30')).toMatchObject({
      ascii: true,
      color: 'none',
      mouse: true,
      linear: true,
      reducedMotion: true,
      framesPerSecond: 30,
    });
    expect(settings('', { TERM: 'dumb' })).toMatchObject({ ascii: true, color: 'none' });
    expect(settings('', { NO_COLOR: '0' })).toMatchObject({ ascii: false, color: 'none' });
    expect(settings('', { NO_COLOR: '' }).color).toBe('default');
    expect(settings('', { INK_SCREEN_READER: 'true' }).linear).toBe(true);
    expect(settings('', { SSH_TTY: '/dev/pts/1' })).toMatchObject({ isOverSsh: true, framesPerSecond: 4 });
    expect(settings('--fps 12', { SSH_TTY: '/dev/pts/1' }).framesPerSecond).toBe(12);
  });

  test('that are not known or not usable are refused with what to do', () => {
    for (const line of [
      '--colour',
      'sales',
      '--token x',
      '--fps 0',
      '--fps 31',
      '--fps ten',
      '--url a',
      '--fps',
    ]) {
      expect([line, fault(line)]).toEqual([line, expect.stringContaining('Usage: flashsale')]);
    }
    const environment = {
      FLASHSALE_URL: 'https://ann:secret@a.example',
      FLASHSALE_READ_ONLY: 'yes',
      OPERATOR_TOKEN: 'x y',
    };
    const message = fault('', environment);
    for (const name of Object.keys(environment)) expect(message).toContain(`${name}: expected`);
    expect(message).not.toMatch(/secret|x y/);
  });

  test('help and version need no settings that work', () => {
    expect(start('--help', { FLASHSALE_URL: 'no' })).toEqual({ kind: 'help' });
    expect(start('--version', { FLASHSALE_URL: 'no' })).toEqual({ kind: 'version' });
  });
});
