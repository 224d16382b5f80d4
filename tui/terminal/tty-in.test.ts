import { describe, expect, test } from 'bun:test';
import { PassThrough } from 'node:stream';
import { openTtyIn } from './tty-in.ts';

function open() {
  const source = Object.assign(new PassThrough(), {
    isRaw: false,
    setRawMode: (isRaw: boolean) => Object.assign(source, { isRaw }),
    ref: () => source,
    unref: () => source,
  });
  const reports: unknown[] = [];
  const stdin = openTtyIn((event) => reports.push(event), source as never);
  let keys = '';
  stdin.setEncoding('utf8');
  stdin.on('data', (text: string) => (keys += text));
  return { source, stdin, reports, keys: () => keys };
}

async function until(isTrue: () => boolean): Promise<void> {
  const deadline = Date.now() + 5000;
  while (!isTrue()) {
    if (Date.now() > deadline) throw new Error('waited in vain');
    await Bun.sleep(1);
  }
}

const INPUT = Buffer.from('jä\x1b[<64;11;6Mk\x1b[<0;1;1M\x1b[<0;1;1m\x1b[Il\x1b[O\x1b[<69;200;50M\x1b[A€!');
const KEYS = 'jäkl\x1b[A€!';
const REPORTS = [
  { kind: 'wheel-up', column: 10, row: 5 },
  { kind: 'press', column: 0, row: 0 },
  { kind: 'wheel-down', column: 199, row: 49 },
];

describe('the terminal as Ink reads it', () => {
  test('has no reports in it, wherever they were split', async () => {
    for (let split = 1; split < INPUT.length; split += 1) {
      const { source, reports, keys } = open();
      source.write(INPUT.subarray(0, split));
      source.write(INPUT.subarray(split));
      await until(() => keys().endsWith('!'));
      expect({ split, keys: keys(), reports }).toEqual({ split, keys: KEYS, reports: REPORTS });
    }
  });

  test('has no reports in it, byte by byte', async () => {
    const { source, reports, keys } = open();
    for (const byte of INPUT) source.write(Buffer.of(byte));
    await until(() => keys().endsWith('!'));
    expect({ keys: keys(), reports }).toEqual({ keys: KEYS, reports: REPORTS });
  });

  test('waits for the rest of a mouse report, however late', async () => {
    const { source, reports, keys } = open();
    source.write('a\x1b[<65;');
    await until(() => keys() === 'a');
    source.write('3;4Mb');
    await until(() => keys() === 'ab');
    expect(reports).toEqual([{ kind: 'wheel-down', column: 2, row: 3 }]);
  });

  test('gives the escape key on when nothing follows it', async () => {
    const { source, keys } = open();
    source.write('\x1b');
    await until(() => keys() === '\x1b');
    source.write('j\x1b[');
    await until(() => keys() === '\x1bj\x1b[');
  });

  test('switches the real one', () => {
    const { source, stdin } = open();
    stdin.setRawMode(true);
    expect(source.isRaw).toBe(true);
    expect(stdin.isTTY).toBe(true);
  });
});
