import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readContexts, readTokenFile, tokenOf, usableUrl, type Context } from './contexts.ts';

const TOKEN = 'fsop_of_a_test_that_is_long_enough_to_be_one';

let folder: string;
let file: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'contexts '));
  file = join(folder, 'contexts.toml');
});
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(() => rmSync(file, { force: true }));

function write(text: string, mode = 0o600, path = file): string {
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

const read = (text: string, mode?: number) => readContexts(write(text, mode), '/home/ann');
const only = (text: string): Context | undefined => read(text).all[0];

describe('contexts', () => {
  test('are none where there is no file', () => {
    expect(readContexts(file, '/home/ann')).toEqual({ current: null, all: [] });
  });

  test('have a URL, a token, a colour and may be read-only', () => {
    const text = `
      current = "staging"
      [contexts.staging]
      url = "https://ops.example.com/shop/"
      api_url = "https://example.com/shop/"
      token_file = "~/staging.token"
      color = "green"
      read_only = true
      [contexts."test here"]
      url = "http://127.0.0.1:8001"
      token_file = "here.token"`;
    expect(read(text, 0o644)).toEqual({
      current: 'staging',
      all: [
        {
          name: 'staging',
          url: 'https://ops.example.com/shop',
          apiUrl: 'https://example.com/shop',
          token: { kind: 'file', path: '/home/ann/staging.token' },
          color: 'green',
          readOnly: true,
        },
        {
          name: 'test here',
          url: 'http://127.0.0.1:8001',
          apiUrl: null,
          token: { kind: 'file', path: join(folder, 'here.token') },
          color: null,
          readOnly: false,
        },
      ],
    });
  });

  test('of production are read-only unless they say otherwise', () => {
    const context = (name: string, more = '') =>
      only(`[contexts.${name}]\nurl = "https://a.example"\ntoken_env = "T"\n${more}`)?.readOnly;
    expect(['prod', 'production', 'Production', 'preprod'].map((name) => context(name))).toEqual([
      true,
      true,
      true,
      false,
    ]);
    expect(context('prod', 'read_only = false')).toBe(false);
  });

  test('every fault is told at once, by its field, and no token is shown', () => {
    const text = `
      current = "live"
      colour = 1
      [contexts.a]
      url = "ops.example.com"
      token = "short"
      color = "pink"
      readonly = true
      [contexts.b]
      url = "https://b.example"
      token_env = "B"
      token = "${TOKEN}"
      read_only = "yes"
      [contexts.c]`;
    const message = faultOf(() => read(text));
    const fields = message.split('\n').map((line) => line.trim().split(/:? (?:expected|is) /)[0]);
    expect(fields).toEqual([
      file,
      'colour',
      'current',
      'contexts.a.url',
      'contexts.a.token',
      'contexts.a.color',
      'contexts.a.readonly',
      'contexts.b',
      'contexts.b.read_only',
      'contexts.c.url',
      'contexts.c',
    ]);
    expect(message).toContain('one of red, yellow, green, blue, magenta, cyan');
    expect(message).toContain('(there are a, b, c)');
    expect(message).not.toContain('short');
    expect(message).not.toContain(TOKEN);
  });

  test('a file that is not TOML, or has no tables where they belong, is told so', () => {
    expect(faultOf(() => read('current ='))).toContain(`${file} is not TOML: `);
    expect(faultOf(() => read('contexts = 5'))).toContain('contexts: expected tables');
    expect(faultOf(() => read('contexts.a = 5'))).toContain('contexts.a: expected a table');
    expect(faultOf(() => readContexts(folder, '/home/ann'))).toContain('cannot be read');
  });
});

describe('the token of a context', () => {
  test('in the contexts file is refused where others may read that', () => {
    const text = `[contexts.a]\nurl = "https://a.example"\ntoken = "${TOKEN}"`;
    const context = only(text);
    expect(context && tokenOf(context, {})).toBe(TOKEN);
    expect(faultOf(() => read(text, 0o640))).toContain(`chmod 600 '${file}'`);
  });

  test('in a file of its own is refused where others may read that, is no token, or is not there', () => {
    const path = join(folder, 'a.token');
    expect(faultOf(() => readTokenFile(path))).toContain(`There is no token file ${path}`);
    expect(readTokenFile(write(`${TOKEN}\n`, 0o600, path))).toBe(TOKEN);
    expect(readTokenFile(write(`${TOKEN}\n`, 0o400, path))).toBe(TOKEN);
    for (const mode of [0o604, 0o640, 0o620]) {
      expect(faultOf(() => readTokenFile(write(TOKEN, mode, path)))).toContain(`chmod 600 '${path}'`);
    }
    for (const text of ['', 'short', `${TOKEN} ${TOKEN}`]) {
      const fault = faultOf(() => readTokenFile(write(text, 0o600, path)));
      expect(fault).toContain('at least 32 printable characters');
      expect(fault).not.toContain(TOKEN);
    }
  });

  test('in a variable must be there', () => {
    const context = only('[contexts.a]\nurl = "https://a.example"\ntoken_env = "A_TOKEN"');
    if (context === undefined) throw new Error('no context was read');
    expect(tokenOf(context, { A_TOKEN: TOKEN })).toBe(TOKEN);
    expect(faultOf(() => tokenOf(context, {}))).toContain('A_TOKEN, which is not set');
    expect(faultOf(() => tokenOf(context, { A_TOKEN: 'short' }))).not.toContain('short');
  });
});

test('a URL is of http, without what would be lost or shown', () => {
  expect(usableUrl('HTTP://Ops.Example.com:80/a//')).toBe('http://ops.example.com/a');
  for (const url of [
    'ops.example.com',
    'ftp://a',
    'https://ann:pw@a.example',
    'https://a.example?b',
    'https://a.example#b',
  ]) {
    expect([url, usableUrl(url)]).toEqual([url, undefined]);
  }
});

function faultOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof Error && error.name === 'SettingsFault') return error.message;
    throw error;
  }
  throw new Error('it was not refused');
}
