/**
 * A backup's file: compressed lines, of which the last says how many there are. It is there as a whole or not at all, and
 * only its owner reads it: it holds buyers' ids and what payment providers sent.
 */

import {
  closeSync,
  createReadStream,
  createWriteStream,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { StoreProblem } from '../embedded/problem.ts';
import { readHead, type BackupHead } from './dump.ts';

/** @throws StoreProblem and leaves no file, when what was written cannot be read again */
export async function writeBackup(lines: AsyncIterable<string>, file: string): Promise<void> {
  const draft = `${file}.${process.pid}.new`;
  try {
    await compress(lines, createWriteStream(draft, { mode: 0o600, flags: 'wx' }));
    flush(draft);
    await checkBackup(draft);
    renameSync(draft, file);
    flush(dirname(file));
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}

export function compress(lines: AsyncIterable<string>, to: Writable): Promise<void> {
  return pipeline(Readable.from(withEnd(lines)), createGzip(), to);
}

async function* withEnd(lines: AsyncIterable<string>): AsyncGenerator<string> {
  let count = 0;
  for await (const line of lines) {
    count += 1;
    yield `${line}\n`;
  }
  yield `${endLine(count)}\n`;
}

const endLine = (count: number): string => `-- the end, after ${count} lines`;

export interface CheckedBackup {
  readonly head: BackupHead;
  readonly lines: number;
}

/** Reads it to its end. @throws StoreProblem when it is no backup, or not all of one */
export async function checkBackup(file: string): Promise<CheckedBackup> {
  let head: BackupHead | null = null;
  let [lines, last] = [0, ''];
  for await (const line of linesOf(file)) {
    if (lines === 0) head = readHead(line);
    if (head === null) break;
    lines += 1;
    last = line;
  }
  if (head === null) throw new StoreProblem(`${file} is not a backup of Flash Sale.`);
  if (last !== endLine(lines - 1)) throw new StoreProblem(`${file} is not whole: its end is missing.`);
  return { head, lines };
}

/** @throws StoreProblem when it is damaged, or cannot be read */
export async function* linesOf(file: string): AsyncGenerator<string> {
  const text = createGunzip();
  const bytes = createReadStream(file).on('error', (error) => text.destroy(error));
  let rest = '';
  try {
    for await (const piece of bytes.pipe(text).setEncoding('utf8')) {
      const lines = (rest + String(piece)).split('\n');
      rest = lines.pop() ?? '';
      yield* lines;
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new StoreProblem(`${file} cannot be read to its end: ${why}`);
  } finally {
    bytes.destroy();
  }
  if (rest !== '') yield rest;
}

function flush(path: string): void {
  const opened = openSync(path, 'r');
  fsyncSync(opened);
  closeSync(opened);
}
