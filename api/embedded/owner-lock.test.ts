import { expect, test } from 'bun:test';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { inFolder, messageOf } from './fixtures.ts';
import { takeOwnerLock } from './owner-lock.ts';

const LOCK = JSON.stringify(join(import.meta.dir, 'owner-lock.ts'));

function contender(folder: string) {
  const script = `
    const { takeOwnerLock } = await import(${LOCK})
    await takeOwnerLock(${JSON.stringify(folder)}).then(() => console.log('won'), (error) => console.log(error.message))
    await Bun.stdin.text()`;
  return Bun.spawn([process.execPath, '-e', script], { stdin: 'pipe', stdout: 'pipe' });
}

async function firstWords(child: ReturnType<typeof contender>): Promise<string> {
  const { value } = await child.stdout.getReader().read();
  return new TextDecoder().decode(value);
}

test('a second owner is told who holds the folder and what to do', () =>
  inFolder(async (folder) => {
    const lock = await takeOwnerLock(folder);
    const child = contender(folder);
    const words = await firstWords(child);
    child.kill();
    expect(words).toContain(`${folder} is in use by process ${process.pid}, since 20`);
    expect(words).toContain(`kill ${process.pid}`);
    expect(words).toContain('DATA_DIR=');
    lock.release();
  }));

test('the same process is refused too, until it releases', () =>
  inFolder(async (folder) => {
    const lock = await takeOwnerLock(folder);
    expect(await messageOf(takeOwnerLock(folder))).toContain('is in use by process');
    lock.release();
    lock.release();
    expect(existsSync(join(folder, 'owner.json'))).toBe(false);
    const again = await takeOwnerLock(folder);
    again.release();
  }));

test('the lock of a killed owner is free at once', () =>
  inFolder(async (folder) => {
    const child = contender(folder);
    expect(await firstWords(child)).toBe('won\n');
    child.kill('SIGKILL');
    await child.exited;
    const lock = await takeOwnerLock(folder);
    lock.release();
  }));

test('of eight owners that start at the same instant exactly one wins', () =>
  inFolder(async (folder) => {
    const children = Array.from({ length: 8 }, () => contender(folder));
    const words = await Promise.all(children.map(firstWords));
    for (const child of children) child.kill();
    expect(words.filter((word) => word === 'won\n')).toHaveLength(1);
    expect(words.filter((word) => word.includes('is in use by'))).toHaveLength(7);
  }));

test('a folder that cannot be made is named in the message', async () => {
  const message = await messageOf(takeOwnerLock('/dev/null/data'));
  expect(message).toStartWith('DATA_DIR /dev/null/data cannot be used');
});
