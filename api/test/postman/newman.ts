/** Runs the collection as its users do, with newman, in a process of its own. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BOOTSTRAP_TOKEN, type World } from '../world.ts';
import { COLLECTION_FILE } from './generate.ts';

export interface NewmanRun {
  readonly requests: number;
  readonly assertions: number;
  /** What failed, where, and why. */
  readonly failures: readonly string[];
}

interface Report {
  readonly run: {
    readonly stats: Readonly<Record<'requests' | 'assertions', { readonly total: number }>>;
    readonly failures: readonly {
      readonly error: { readonly message: string; readonly test?: string };
      readonly source?: { readonly name?: string };
    }[];
  };
}

const NEWMAN = Bun.fileURLToPath(import.meta.resolve('newman/bin/newman.js'));

export async function runNewman(
  { listening }: Pick<World, 'listening'>,
  options: { readonly folder?: string; readonly variables?: Readonly<Record<string, string>> } = {},
): Promise<NewmanRun> {
  const { folder, variables = {} } = options;
  const scratch = await mkdtemp(join(tmpdir(), 'flash-sale-newman-'));
  const report = join(scratch, 'report.json');
  const set = { baseUrl: listening.url, opsUrl: listening.opsUrl, token: BOOTSTRAP_TOKEN, ...variables };
  // newman is a Node script, and runs on Bun as well.
  const command = [process.execPath, NEWMAN, 'run', COLLECTION_FILE, '--timeout-request', '10000'];
  command.push('--reporters', 'json', '--reporter-json-export', report);
  for (const [name, value] of Object.entries(set)) command.push('--env-var', `${name}=${value}`);
  if (folder !== undefined) command.push('--folder', folder);
  const child = Bun.spawn(command, { stdin: 'ignore', stdout: 'ignore', stderr: 'pipe' });
  const [complaint] = await Promise.all([child.stderr.text(), child.exited]);
  try {
    const { run } = (await Bun.file(report).json()) as Report;
    return {
      requests: run.stats.requests.total,
      assertions: run.stats.assertions.total,
      failures: run.failures.map(
        ({ source, error }) => `${source?.name ?? ''}: ${error.test ?? ''}: ${error.message}`,
      ),
    };
  } catch (error) {
    throw new Error(`newman left no report: ${complaint}`, { cause: error });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
