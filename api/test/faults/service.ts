/** An API or a worker as a process of its own: it can be killed, frozen and started again as a real one can. */

import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findBinaries } from '../../embedded/binaries.ts';

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
}

export interface Service {
  readonly name: string;
  readonly pid: number;
  /** Where an API listens; empty for a worker. */
  readonly url: string;
  /** From the start of the process until it said that it works. */
  readonly startedInMs: number;
  /** SIGKILL, frozen or not. */
  kill(): Promise<void>;
  freeze(): void;
  thaw(): void;
}

const READY = { 'server.ts': 'listening', 'worker.ts': 'working' } as const;
const START_MAX_MS = 30_000;

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
  const line = await readyLine(child, logFile, READY[script]);
  const signal = (name: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null) child.kill(name);
  };
  return {
    name,
    pid: child.pid,
    url: line.url ?? '',
    startedInMs: performance.now() - startedAt,
    async kill() {
      signal('SIGKILL');
      await child.exited;
    },
    freeze: () => signal('SIGSTOP'),
    thaw: () => signal('SIGCONT'),
  };
}

function environmentOf({ redisUrl, databaseUrl, webhookSecret }: ServiceOptions): Record<string, string> {
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
    LOG_LEVEL: 'info',
  };
}

async function readyLine(child: Bun.Subprocess, logFile: string, message: string): Promise<{ url?: string }> {
  const deadline = performance.now() + START_MAX_MS;
  for (;;) {
    const written = readFileSync(logFile, 'utf8');
    const line = written.split('\n').find((candidate) => candidate.includes(`"message":"${message}"`));
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
