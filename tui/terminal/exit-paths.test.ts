/** However the program ends, the terminal is as it was. A real program in a real pseudo-terminal. */

import { describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { until } from '@flash-sale/api/test/until.ts';
import { startPty } from '../test/pty.ts';

const PROGRAM = [process.execPath, join(import.meta.dir, '../test/small-program.tsx')];
const SIZE = { columns: 100, rows: 40 };

const AS_FOUND = {
  alternateScreen: false,
  cursorHidden: false,
  mouse: false,
  focus: false,
  bracketedPaste: false,
  synchronised: false,
  raw: false,
};
const IN_USE = {
  alternateScreen: true,
  cursorHidden: true,
  mouse: true,
  focus: false,
  bracketedPaste: true,
  synchronised: false,
  raw: true,
};

async function start() {
  const pty = startPty(PROGRAM, SIZE);
  await takesKeys(pty);
  await isInUse(pty);
  return pty;
}

/** The first frame is drawn before keys are read; bracketed paste is switched on last. */
async function takesKeys(pty: ReturnType<typeof startPty>): Promise<void> {
  await pty.waitFor(() => pty.bytes().includes('\x1b[?2004h'));
}

/** What a program switches on arrives piece by piece. */
function isInUse(pty: Pty): Promise<true> {
  return until(async () => {
    expect(await pty.modes()).toEqual(IN_USE);
    return true as const;
  });
}

/** A shell with job control, as operators have it; the program runs in its foreground. */
async function startInShell() {
  const pty = startPty(['sh', '-i'], { ...SIZE, env: { PS1: '$ ', ENV: '' } });
  await pty.waitFor('$');
  pty.type(`${PROGRAM.join(' ')}\r`);
  await takesKeys(pty);
  return pty;
}

type Pty = Awaited<ReturnType<typeof start>>;

describe('the terminal is as it was after', () => {
  const quits: [string, string, number][] = [
    ['the quit key', 'q', 0],
    ['ctrl+c', '\x03', 0],
    ['a code of its own', '5', 5],
    ['process.exit', 'x', 3],
  ];
  test.each(quits)('%s', async (_, key, code) => {
    await using pty = await start();
    pty.type(key);
    expect(await pty.exited).toBe(code);
    await isAsFound(pty);
  });

  const crashes = [
    ['a throw in render', 'r', 'Error: in render'],
    ['a throw in a timer', 't', 'Error: in a timer'],
    ['a rejection that nobody handles', 'p', 'Error: in a promise'],
  ] as const;
  test.each(crashes)('%s, with the error in sight', async (_, key, message) => {
    await using pty = await start();
    pty.type(key);
    expect(await pty.exited).toBe(70);
    await pty.waitFor('report the lines above');
    expect(pty.screen()).toContain(message);
    expect(pty.screen()).toContain('the API and its sales go on without it');
    expect(pty.bytes()).toContain('small-program.tsx:');
    expect(await pty.modes()).toEqual(AS_FOUND);
    // Once, and on the normal screen: what came before it was left.
    expect(pty.bytes().split('2 changes made.').length).toBe(2);
    expect(pty.bytes().lastIndexOf('\x1b[?1049l')).toBeLessThan(pty.bytes().indexOf('2 changes made.'));
  });

  const signals: [NodeJS.Signals, number][] = [
    ['SIGTERM', 143],
    ['SIGINT', 130],
    ['SIGHUP', 129],
    ['SIGQUIT', 131],
  ];
  test.each(signals)('%s', async (signal, code) => {
    await using pty = await start();
    pty.signal(signal);
    expect(await pty.exited).toBe(code);
    await isAsFound(pty);
  });

  async function isAsFound(pty: Pty): Promise<void> {
    await pty.waitFor('2 changes made.');
    expect(await pty.modes()).toEqual(AS_FOUND);
    // Leaving the alternate screen a second time would move the cursor over the last words.
    expect(pty.bytes().split('\x1b[?1049l').length).toBe(2);
    expect(pty.screen()).toBe('2 changes made.');
  }
});

test('the program ends with its window, and as by SIGHUP', async () => {
  await using pty = await start();
  pty.close();
  expect(await pty.exited).toBe(129);
});

describe('the terminal is lent', () => {
  test('to the shell by ctrl+z, and comes back with fg', async () => {
    await using pty = await startInShell();
    pty.type('jk\x1a');
    await pty.waitFor('Stopped');
    expect(await pty.modes()).toEqual(AS_FOUND);
    pty.type('fg\r');
    await pty.waitFor('pressed: j k ctrl+z');
    await isInUse(pty);
    pty.type('q');
    await pty.waitFor('2 changes made.');
    pty.type('echo code=$?\r');
    await pty.waitFor('code=0');
    expect(await pty.modes()).toEqual(AS_FOUND);
  });

  test('to nobody by ctrl+z where there is no shell, and comes straight back', async () => {
    await using pty = await start();
    pty.type('\x1aj');
    await pty.waitFor('pressed: ctrl+z j');
    pty.type('q');
    expect(await pty.exited).toBe(0);
    await pty.waitFor('2 changes made.');
    expect(await pty.modes()).toEqual(AS_FOUND);
  });

  test('to a pager, which gets every key and ctrl+c', async () => {
    await using pty = await startInShell();
    pty.type('v');
    await pty.waitFor('page one');
    pty.type('beta gamma\r');
    await pty.waitFor('pressed: v');
    expect(pty.bytes()).toContain('read: beta gamma');
    pty.type('v');
    await pty.waitFor('page one');
    pty.type('\x03');
    await pty.waitFor('pressed: v v');
    await isInUse(pty);
    pty.type('q');
    await pty.waitFor('2 changes made.');
    pty.type('echo code=$?\r');
    await pty.waitFor('code=0');
  });

  test('to nobody while another program stopped it, and is drawn afresh after', async () => {
    await using pty = await start();
    const before = pty.bytes().length;
    pty.signal('SIGSTOP');
    pty.signal('SIGCONT');
    await pty.waitFor(() => pty.bytes().slice(before).includes('small program'));
    pty.type('j');
    await pty.waitFor('pressed: j');
    await isInUse(pty);
  });

  test('and is drawn afresh by ctrl+l', async () => {
    await using pty = await start();
    const before = pty.bytes().length;
    pty.type('\x0c');
    await pty.waitFor('pressed: ctrl+l');
    pty.type('j');
    await pty.waitFor('pressed: ctrl+l j');
    expect(pty.bytes().slice(before)).toContain('small program');
    await isInUse(pty);
  });
});

test('mouse reports reach the program, and neither they nor reports of focus are keys', async () => {
  await using pty = await start();
  pty.type('\x1b[<65;12;3Mj');
  await pty.waitFor('seen: wheel-down 11,2');
  pty.type('\x1b[Oj');
  await pty.waitFor(/pressed: j j\n *seen: wheel-down 11,2/);
});
