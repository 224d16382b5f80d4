import { expect, test } from 'bun:test';
import { endProcess, isSameProcess, processIdentity } from './process-identity.ts';

test('a process keeps its identity, another one has another', async () => {
  const child = Bun.spawn(['sleep', '60']);
  try {
    const identity = processIdentity(child.pid) ?? '';
    expect(isSameProcess(child.pid, identity)).toBe(true);
    expect(identity).not.toBe(processIdentity(process.pid) ?? '');
  } finally {
    child.kill();
    await child.exited;
  }
});

test('a process that has ended has no identity', async () => {
  const child = Bun.spawn(['true']);
  await child.exited;
  expect(processIdentity(child.pid)).toBeUndefined();
  expect(isSameProcess(child.pid, '')).toBe(false);
});

test('a process that took over a recorded pid is never signalled', async () => {
  const stranger = Bun.spawn(['sleep', '60']);
  try {
    expect(await endProcess(stranger.pid, 'another boot/12345', 1_000)).toBe(true);
    expect(stranger.killed).toBe(false);
    expect(processIdentity(stranger.pid)).toBeDefined();
  } finally {
    stranger.kill();
    await stranger.exited;
  }
});

test('a process that ignores SIGTERM is killed after the grace', async () => {
  const stubborn = Bun.spawn(['sh', '-c', 'trap "" TERM; echo ready; while :; do sleep 0.02; done']);
  await stubborn.stdout.getReader().read();
  expect(await endProcess(stubborn.pid, processIdentity(stubborn.pid) ?? '', 50)).toBe(true);
  await stubborn.exited;
  expect(stubborn.signalCode).toBe('SIGKILL');
});
