/** `bun start` on a terminal: the stack and its operator's terminal, and every way in which they end. */

import { afterAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPty } from './test/pty.ts';

const START = join(import.meta.dir, '../api/start.ts');
const dataDir = mkdtempSync(join(tmpdir(), 'flash-sale-start-'));
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

const environment = { DATA_DIR: dataDir, PORT: '0', OPS_PORT: '0', NODE_ENV: 'test', CI: undefined };

function start(flags: readonly string[] = [], env: Record<string, string> = {}) {
  const command = [process.execPath, START, ...flags];
  return startPty(command, { columns: 100, rows: 30, env: { ...environment, ...env } });
}

/** As `start` says it before the terminal takes the screen. */
const urlIn = (text: string): string => /api +(http:\/\/\S+)/.exec(text)?.[1] ?? '';

describe('start on a terminal', () => {
  test('opens the board on its own stack, and stops all of it when the operator quits and says so', async () => {
    await using pty = start();
    await pty.waitFor('= 100');
    expect(pty.screen()).toContain('live');
    const url = urlIn(pty.bytes());
    expect((await fetch(`${url}/api/products/1`)).status).toBe(200);
    pty.type('q');
    await pty.waitFor('Stop everything?');
    pty.press('escape');
    await pty.waitFor((screen) => !screen.includes('Stop everything?'));
    expect((await fetch(`${url}/api/products/1`)).status).toBe(200);
    pty.type('q');
    await pty.waitFor('Stop everything?');
    pty.type('y');
    expect(await pty.exited).toBe(0);
    expect(await pty.modes()).toMatchObject({ alternateScreen: false, cursorHidden: false, raw: false });
    expect(pty.screen()).toContain('stopping (terminal closed)');
    expect(await fetch(`${url}/api/products/1`).catch(() => 'gone')).toBe('gone');
  });

  test('goes on selling when the terminal dies, says how to open it again, and keeps its log in a file', async () => {
    await using pty = start();
    await pty.waitFor('= 100');
    const url = urlIn(pty.bytes());
    process.kill(terminalOf(pty.pid), 'SIGKILL');
    await pty.waitFor('the sale goes on');
    expect((await fetch(`${url}/api/products/1`)).status).toBe(200);
    expect(readFileSync(join(dataDir, 'api.log'), 'utf8')).not.toContain('error');
    const given = { alternateScreen: false, cursorHidden: false, mouse: false, focus: false, raw: false };
    expect(await pty.modes()).toMatchObject({ ...given, bracketedPaste: false, synchronised: false });
    // As it says.
    pty.press('ctrl+c');
    expect(await pty.exited).toBe(0);
    expect(pty.screen()).toContain('stopping (SIGINT)');
  });

  test('gives the screen back when it is told to stop', async () => {
    await using pty = start();
    await pty.waitFor('= 100');
    pty.signal('SIGTERM');
    expect(await pty.exited).toBe(0);
    expect(await pty.modes()).toMatchObject({ alternateScreen: false, cursorHidden: false, raw: false });
    expect(pty.screen()).toContain('stopping (SIGTERM)');
  });

  test('starts nothing for words that it does not know, and says which it does', async () => {
    for (const [word, code] of [
      ['--help', 0],
      ['--port=1', 1],
    ] as const) {
      await using pty = start([word]);
      await pty.waitFor('bun start [--no-terminal]');
      expect(await pty.exited).toBe(code);
      expect(pty.screen()).not.toContain('mariadb');
    }
  });

  test('serves without a terminal when asked to', async () => {
    await using pty = start(['--no-terminal']);
    await pty.waitFor('ready in');
    expect((await pty.modes()).alternateScreen).toBe(false);
    pty.signal('SIGTERM');
    expect(await pty.exited).toBe(0);
  });

  test('speaks with one voice where several processes serve, and ctrl+c ends them without a word of fault', async () => {
    await using pty = start(['--no-terminal'], { API_PROCESSES: '2' });
    await pty.waitFor('ready in');
    expect(pty.bytes()).toContain('listening url="http://');
    pty.press('ctrl+c');
    expect(await pty.exited).toBe(0);
    expect(pty.bytes()).not.toContain('"level"');
    expect(pty.bytes()).not.toContain('error');
    expect(pty.screen()).toContain('stopping (SIGINT)');
  });
});

/** The child of `start` that is no store. */
function terminalOf(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);
  const terminal = children.find((child) =>
    readFileSync(`/proc/${child}/cmdline`, 'utf8').includes('flashsale.ts'),
  );
  if (terminal === undefined) throw new Error('start has no terminal');
  return terminal;
}
