/** An API in a process of its own, on the stores of a world: it can be killed as a real one can. */

import { join } from 'node:path';
import { findBinaries } from '../embedded/binaries.ts';
import type { Listening } from '../server.ts';
import { BOOTSTRAP_TOKEN, type World } from './world.ts';

export interface ApiProcess {
  /** A worker has no `url`: it is empty. */
  readonly listening: Listening;
  readonly pid: number;
  /** How it ended: a signal's name or an exit code. */
  readonly ended: Promise<string>;
  /** What it wrote to stdout. @returns when it has ended. */
  output(): Promise<string>;
  /** SIGKILL: nothing in it runs any more. */
  kill(): Promise<void>;
}

export interface ApiProcessOptions {
  /** In api/. */
  readonly script?: string;
  /** Another copy of the program. */
  readonly root?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly workers?: 'inline' | 'off';
}

const ROOT = join(import.meta.dir, '../..');
const { setpriv } = findBinaries();

/** @throws with its own words when it ends instead of listening. */
export async function startApi(
  stores: Pick<World, 'redisUrl' | 'databaseUrl'>,
  { script = 'server.ts', root = ROOT, env = {}, workers = 'off' }: ApiProcessOptions = {},
): Promise<ApiProcess> {
  const command = [process.execPath, join(root, 'api', script)];
  // Where the kernel can do that, the child also ends when this test process is killed -9.
  const child = Bun.spawn(setpriv ? [setpriv, '--pdeathsig', 'KILL', '--', ...command] : command, {
    cwd: root,
    env: {
      ...process.env,
      NODE_ENV: 'test',
      HOST: '127.0.0.1',
      PORT: '0',
      OPS_HOST: '127.0.0.1',
      OPS_PORT: '0',
      REDIS_URL: stores.redisUrl,
      DATABASE_URL: stores.databaseUrl,
      OPERATOR_TOKEN: BOOTSTRAP_TOKEN,
      WEBHOOK_SECRET: '',
      WORKERS: workers,
      LOG_LEVEL: 'info',
      ...env,
    },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const ended = child.exited.then((code) => String(child.signalCode ?? `exit code ${code}`));
  const stop = async () => {
    child.kill('SIGTERM');
    await ended;
  };
  const { url = '', opsUrl } = await listeningLine(child.stderr);
  return {
    listening: { url, opsUrl, stop },
    pid: child.pid,
    ended,
    output: async () => {
      await ended;
      return child.stdout.text();
    },
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

async function listeningLine(stderr: ReadableStream<Uint8Array>): Promise<{ url?: string; opsUrl: string }> {
  const decoder = new TextDecoder();
  const reader = stderr.getReader();
  let text = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) throw new Error(`the API ended instead of listening:\n${text}`);
    text += decoder.decode(value, { stream: true });
    const line = text.split('\n').find((candidate) => candidate.includes('"opsUrl":'));
    if (line?.endsWith('}') === true) {
      void drain(reader);
      return JSON.parse(line) as { url?: string; opsUrl: string };
    }
  }
}

/** A full pipe would stop the process. */
async function drain(reader: { read(): Promise<{ done: boolean }> }): Promise<void> {
  while (!(await reader.read()).done);
}
