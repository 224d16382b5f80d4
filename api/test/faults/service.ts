/** An API or a worker as a process of its own: it can be killed, frozen and started again as a real one can. */

import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findBinaries } from '../../embedded/binaries.ts';
import { childrenOf, isAlive } from '../family.ts';
import type { Chance } from '../seeded.ts';
import { until } from '../until.ts';

export interface ServiceOptions {
  readonly name: string;
  readonly script: 'server.ts' | 'worker.ts';
  /** The copy of the program. */
  readonly sources: string;
  /** A new one for every start. */
  readonly logFile: string;
  readonly redisUrl: string;
  readonly databaseUrl: string;
  readonly webhookSecret: string;
  /** On the one port of an API. */
  readonly processes: number;
}

export interface Service {
  readonly name: string;
  readonly pid: number;
  /** Where an API listens; empty for a worker. */
  readonly url: string;
  /** From the start of the process until it said that it works. */
  readonly startedInMs: number;
  /** SIGKILL, frozen or not; of several processes the parent gets it, and the others end with it. */
  kill(): Promise<void>;
  /** SIGKILL for one of several. @returns when as many serve again */
  killOne(chance: Chance): Promise<void>;
  /** @returns when each of several was replaced by another */
  replace(): Promise<void>;
  freeze(): void;
  thaw(): void;
}

const START_MAX_MS = 30_000;

const LISTENING = '"message":"listening"';
const REPLACED = '"message":"API processes were replaced"';

const { setpriv } = findBinaries();

/** @throws with the end of its log when it does not start. */
export async function startService(options: ServiceOptions): Promise<Service> {
  const { name, script, sources, logFile } = options;
  const startedAt = performance.now();
  const log = openSync(logFile, 'a', 0o600);
  const command = [process.execPath, join(sources, 'api', script)];
  // Where the kernel can do that, the child also ends when the campaign is killed -9.
  const child = Bun.spawn(setpriv ? [setpriv, '--pdeathsig', 'KILL', '--', ...command] : command, {
    cwd: sources,
    env: environmentOf(options),
    stdin: 'ignore',
    stdout: log,
    stderr: log,
  });
  closeSync(log);
  const line = await readyLine(child, logFile, readyMark(options));
  const signal = (name: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null) child.kill(name);
  };
  const signalAll = (name: NodeJS.Signals) => {
    const pids = childrenOf(child.pid);
    signal(name);
    for (const pid of pids) process.kill(pid, name);
  };
  const timesSaid = (words: string) => readFileSync(logFile, 'utf8').split(words).length - 1;
  return {
    name,
    pid: child.pid,
    url: line.url ?? '',
    startedInMs: performance.now() - startedAt,
    async kill() {
      const pids = childrenOf(child.pid);
      signal('SIGKILL');
      await child.exited;
      // Who is frozen does not hear that its parent ended.
      for (const pid of pids) if (isAlive(pid)) process.kill(pid, 'SIGCONT');
      await until(() => !pids.some(isAlive), START_MAX_MS);
    },
    async killOne(chance) {
      const before = timesSaid(LISTENING);
      process.kill(chance.pick(childrenOf(child.pid)), 'SIGKILL');
      await until(() => timesSaid(LISTENING) > before, START_MAX_MS);
    },
    async replace() {
      const before = timesSaid(REPLACED);
      signal('SIGUSR2');
      await until(() => timesSaid(REPLACED) > before, START_MAX_MS);
    },
    freeze: () => signalAll('SIGSTOP'),
    thaw: () => signalAll('SIGCONT'),
  };
}

function environmentOf(options: ServiceOptions): Record<string, string> {
  const { redisUrl, databaseUrl, webhookSecret, processes } = options;
  return {
    PATH: process.env['PATH'] ?? '',
    HOME: process.env['HOME'] ?? '',
    NODE_ENV: 'test',
    HOST: '127.0.0.1',
    PORT: '0',
    OPS_HOST: '127.0.0.1',
    OPS_PORT: '0',
    REDIS_URL: redisUrl,
    DATABASE_URL: databaseUrl,
    WEBHOOK_SECRET: webhookSecret,
    WORKERS: 'off',
    API_PROCESSES: String(processes),
    LOG_LEVEL: 'info',
  };
}

function readyMark({ script, processes }: ServiceOptions): string {
  if (script === 'worker.ts') return '"message":"working"';
  return processes === 1 ? LISTENING : `"processes":${processes}`;
}

async function readyLine(child: Bun.Subprocess, logFile: string, mark: string): Promise<{ url?: string }> {
  const deadline = performance.now() + START_MAX_MS;
  for (;;) {
    const written = readFileSync(logFile, 'utf8');
    const line = written.split('\n').find((candidate) => candidate.includes(mark));
    if (line?.endsWith('}') === true) return JSON.parse(line) as { url?: string };
    const hasEnded = child.exitCode !== null || child.signalCode !== null;
    if (hasEnded || performance.now() > deadline) {
      child.kill('SIGKILL');
      throw new Error(`a process did not start:\n${written.slice(-2_000)}`);
    }
    await Bun.sleep(5);
  }
}

/** What the processes themselves called an error: how often, by message. */
export function errorsLogged(logFolder: string): Record<string, number> {
  const errors: Record<string, number> = {};
  for (const file of readdirSync(logFolder)) {
    for (const line of readFileSync(join(logFolder, file), 'utf8').split('\n')) {
      if (!line.startsWith('{') || !line.includes('"level":"error"') || !line.endsWith('}')) continue;
      const { message } = JSON.parse(line) as { message: string };
      errors[message] = (errors[message] ?? 0) + 1;
    }
  }
  return errors;
}
