/**
 * The test command: format, lint, types, what nobody uses, then every test on real stores. All of it runs even when a
 * part fails; the last line says how much passed. With arguments (a path, -t name) it runs just those tests.
 */

import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { findBinaries } from '../embedded/binaries.ts';
import { requireServers, sharedMariaDb, stopStores } from './stores.ts';

interface Count {
  passed: number;
  failed: number;
}

const PASSED: Count = { passed: 1, failed: 0 };
const FAILED: Count = { passed: 0, failed: 1 };

/** A first use of a store starts it, and a busy machine takes a while to make a new database. */
const TEST_TIMEOUT_MS = 30_000;

const ROOT = join(import.meta.dir, '../..');
/** These tools are Node scripts; `--bun run` lets them, and the tools that they start, do without Node. */
const TOOL = [process.execPath, '--bun', 'run', '--silent'];

async function main(filters: string[]): Promise<number> {
  const counts: Count[] = [];
  if (filters.length === 0) {
    counts.push(await step('format', () => runTool('oxfmt', '--check')));
    counts.push(await step('lint', () => runTool('oxlint', '--type-aware', '--deny-warnings')));
    counts.push(await step('types', () => runTool('tsc')));
    counts.push(await step('unused', () => runTool('knip-bun')));
    // Without this every test file that needs SQL would start a MariaDB of its own.
    counts.push(await step('stores', startStores));
  }
  counts.push(await step('tests', () => runTests(filters)));
  await stopStores();
  const passed = counts.reduce((sum, count) => sum + count.passed, 0);
  const failed = counts.reduce((sum, count) => sum + count.failed, 0);
  console.log(`\n${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

async function step(name: string, run: () => Promise<Count>): Promise<Count> {
  console.log(`\n== ${name}`);
  const startedAt = performance.now();
  const count = await run();
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
  console.log(`== ${name} ${count.failed === 0 ? 'ok' : 'FAILED'}, ${seconds} s`);
  return count;
}

async function runTool(...command: string[]): Promise<Count> {
  const child = start([...TOOL, ...command], 'inherit');
  return (await child.exited) === 0 ? PASSED : FAILED;
}

async function startStores(): Promise<Count> {
  const given = process.env['TEST_DATABASE_URL'];
  try {
    await requireServers({ redis: true, mysql: !given });
    if (given) console.log('TEST_DATABASE_URL is set: that MariaDB is used.');
    process.env['TEST_DATABASE_URL'] = (await sharedMariaDb()).url;
    return PASSED;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return FAILED;
  }
}

/** Tests wait more than they work, so there is one lane more than cores. Six at most: they share one MariaDB. */
const LANES = Math.min(availableParallelism() + 1, 6);
/** Those that take longest begin first, so that no lane ends long after the others. */
const SLOWEST = 'api/test/slowest.json';

function runTests(filters: string[]): Promise<Count> {
  if (filters.length > 0) return runBun(filters);
  // All files of a lane share a process: to load everything anew for each would take longer than most of them.
  return runBun([`--parallel=${LANES}`, '--no-isolate', `--timings=${SLOWEST}`]);
}

async function runBun(parameters: string[]): Promise<Count> {
  const child = start(
    [process.execPath, 'test', '--timeout', String(TEST_TIMEOUT_MS), ...parameters],
    'pipe',
  );
  let output = '';
  const decoder = new TextDecoder();
  for await (const chunk of child.stderr as ReadableStream<Uint8Array>) {
    const text = decoder.decode(chunk, { stream: true });
    process.stderr.write(text);
    output += text;
  }
  return readSummary(output, await child.exited);
}

/** Bun's own summary, rather than its JUnit file: that one does not count a file that fails to load. */
function readSummary(output: string, exitCode: number): Count {
  const lines = Bun.stripANSI(output).split('\n');
  const numberBefore = (word: string): number => {
    const line = lines.findLast((candidate) => new RegExp(`^ *\\d+ ${word}$`).test(candidate));
    return Number.parseInt(line ?? '0', 10);
  };
  const failed = numberBefore('fail');
  return { passed: numberBefore('pass'), failed: exitCode !== 0 && failed === 0 ? 1 : failed };
}

// ---- children: each in a process group of its own, so that what it starts ends with it ----

const { setpriv } = findBinaries();
const running = new Set<Bun.Subprocess>();

function start(command: string[], stderr: 'inherit' | 'pipe'): Bun.Subprocess {
  const color = process.stderr.isTTY && !process.env['NO_COLOR'] ? { FORCE_COLOR: '1' } : {};
  // Where the kernel can do that, the child also ends when we are killed -9.
  const guarded = setpriv ? [setpriv, '--pdeathsig', 'TERM', '--', ...command] : command;
  const child = Bun.spawn(guarded, {
    cwd: ROOT,
    env: { ...process.env, ...color },
    stdin: 'ignore',
    stdout: 'inherit',
    stderr,
    detached: true,
  });
  running.add(child);
  void child.exited.then(() => running.delete(child));
  return child;
}

function endRunning(): void {
  for (const { pid, exitCode, signalCode } of running) {
    if (exitCode === null && signalCode === null) process.kill(-pid, 'SIGTERM');
  }
}

process.on('exit', endRunning);
process.on('SIGHUP', () => process.exit(129));
process.on('SIGINT', () => process.exit(130));
process.on('SIGTERM', () => process.exit(143));

process.exitCode = await main(process.argv.slice(2));
