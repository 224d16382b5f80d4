import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { until } from './until.ts';

/** Stops a process until SIGCONT. @returns when all of its threads stand still: each runs on until it hears of it */
export async function freeze(pid: number): Promise<void> {
  process.kill(pid, 'SIGSTOP');
  const threads = `/proc/${pid}/task`;
  if (!existsSync(threads)) return;
  const stands = (thread: string) => /^State:\s+T/m.test(readFileSync(`${threads}/${thread}/status`, 'utf8'));
  await until(() => readdirSync(threads).every(stands));
}
