/**
 * bun run bench [--only holds,buyers,products,orders,webhooks,exact,ceiling] [--rounds 5] [--seconds 3] [--json FILE]
 * bun run bench --curves [--only connections,sales,holds,storm,processes] [--out DIR]
 *
 * How fast the API is, measured by what this machine can do: the bare framework and the bare stores, side by side in
 * alternating rounds. With --curves, how it scales, as JSON and SVG.
 */

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { stopStores } from '../test/stores.ts';
import { measureCeiling, type Ceiling } from './ceiling.ts';
import { play, type OpenContest, type Played, type Rounds } from './contest.ts';
import { anonymousHolds, productReads, storefrontHolds } from './contests/holds.ts';
import { orderContest, webhookContest } from './contests/orders.ts';
import { CURVES, drawCurves, type CurveName } from './curves/curves.ts';
import { runExactly, type ExactRun } from './exact.ts';
import { chooseLoad } from './load/load.ts';
import { describeMachine, QUIET_BUSY_MAX, QUIET_LOAD_MAX, type Machine } from './machine.ts';
import { versions } from './stage.ts';
import { aligned, ratioOf, tableOf } from './table.ts';

const CONTESTS: Readonly<Record<string, readonly OpenContest[]>> = {
  holds: [anonymousHolds(64, 0.6, false), anonymousHolds(1_000, 0.7, true)],
  buyers: [storefrontHolds(64), storefrontHolds(1_000)],
  products: [productReads(64), productReads(1_000)],
  orders: [orderContest],
  webhooks: [webhookContest],
};
const PARTS = [...Object.keys(CONTESTS), 'exact', 'ceiling'];
const ROUNDS = 5;
const SECONDS = 3;

const say = (line: string) => process.stdout.write(`${line}\n`);
const progress = (line: string) => process.stderr.write(`${line}\n`);

interface Options extends Rounds {
  readonly only: readonly string[];
  readonly json: string | null;
  readonly curves: boolean;
  readonly out: string;
}

/** @throws with what is wrong, for the user */
function readOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: 'string' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      json: { type: 'string' },
      curves: { type: 'boolean', default: false },
      out: { type: 'string' },
    },
  });
  const parts: readonly string[] = values.curves ? Object.keys(CURVES) : PARTS;
  const only = values.only?.split(',') ?? parts;
  const unknown = only.find((part) => !parts.includes(part));
  if (unknown !== undefined) {
    throw new Error(`--only: there is no "${unknown}". There are ${parts.join(', ')}.`);
  }
  return {
    only,
    rounds: whole('--rounds', values.rounds) ?? ROUNDS,
    seconds: whole('--seconds', values.seconds) ?? SECONDS,
    json: values.json ?? null,
    curves: values.curves,
    out: values.out ?? '.flashsale/bench',
  };
}

function whole(name: string, value: string | undefined): number | null {
  if (value === undefined) return null;
  if (!/^[1-9]\d{0,3}$/.test(value)) throw new Error(`${name} must be a whole number, not "${value}".`);
  return Number(value);
}

interface Results {
  readonly date: string;
  readonly machine: Machine;
  readonly versions: Readonly<Record<string, string>>;
  readonly load: string;
  readonly rounds: number;
  readonly seconds: number;
  readonly contests: readonly Played[];
  readonly ceilings: readonly Ceiling[];
  readonly exact: ExactRun | null;
}

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  const machine = describeMachine();
  const facts = { date: new Date().toISOString(), machine, versions: await versions() };
  const loadBy = await chooseLoad();
  say(`${facts.date}, ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB, ${machine.system}`);
  say(`${Object.entries(facts.versions).flat().join(' ')}; load by ${loadBy}\n`);
  if (machine.loadBefore > QUIET_LOAD_MAX) {
    say(`!! NOT QUIET: the load average is ${machine.loadBefore.toFixed(2)} before anything was begun.\n`);
  }
  if (options.curves) {
    const said = await drawCurves(options.only as CurveName[], options.out, facts, progress);
    for (const line of said) say(line);
    return 0;
  }
  const contests: Played[] = [];
  for (const open of options.only.flatMap((part) => CONTESTS[part] ?? [])) {
    const played = await play(open, options, progress);
    say(tableOf(played));
    sayIfLoud(played);
    contests.push(played);
  }
  const ceilings = options.only.includes('ceiling') ? await measureCeiling() : [];
  if (ceilings.length > 0) say(ceilingTable(ceilings));
  const exact = options.only.includes('exact') ? await runExactly() : null;
  if (exact !== null) say(exactLine(exact));
  const { rounds, seconds, json } = options;
  const results: Results = { ...facts, load: loadBy, rounds, seconds, contests, ceilings, exact };
  if (json !== null) write(json, results);
  return verdict(results);
}

/** Others took part: what the figures say of each other is then less certain, and what they say by themselves is wrong. */
function sayIfLoud({ name, calm }: Played): void {
  const loud = calm.filter(({ busy }) => busy > QUIET_BUSY_MAX);
  if (loud.length === 0) return;
  const most = Math.max(...loud.map(({ busy }) => busy)).toFixed(2);
  say(
    `!! NOT QUIET: before ${loud.length} of ${calm.length} rounds of ${name} others used up to ${most} cores.\n`,
  );
}

function ceilingTable(ceilings: readonly Ceiling[]): string {
  const rows = ceilings.map(({ batch, pipelined, holdsPerSecond }) => [
    `${batch} in a call, ${pipelined === 1 ? 'not pipelined' : `${pipelined} calls pipelined`}`,
    holdsPerSecond.toFixed(0),
  ]);
  return [
    "Redis alone, the API's script by redis-benchmark",
    ...aligned([['', 'holds/s'], ...rows]),
    '',
  ].join('\n');
}

function exactLine({ buyers, units, connections, seconds, p99Ms, answers, wrong }: ExactRun): string {
  const counts = Object.entries(answers).map(([answer, count]) => `${answer}: ${count}`);
  return [
    `${buyers} buyers for ${units} units over ${connections} connections: ${wrong.length === 0 ? 'exactly right' : 'WRONG'}`,
    `  in ${seconds.toFixed(2)} s, p99 ${p99Ms.toFixed(1)} ms; ${counts.join(', ')}`,
    ...wrong.map((line) => `  ${line}`),
    '',
  ].join('\n');
}

/** @returns the exit code: a figure that is not met is told, but only a wrong count is a failure */
function verdict({ contests, exact }: Results): number {
  const asked = contests.flatMap((played) => played.asks.map((ask) => ratioOf(played, ask)));
  const met = asked.filter(({ isMet }) => isMet === true).length;
  say(`${met} of ${asked.filter(({ isMet }) => isMet !== null).length} ratios are as asked for.`);
  return exact !== null && exact.wrong.length > 0 ? 1 : 0;
}

function write(path: string, results: Results): void {
  mkdirSync(dirname(path), { recursive: true });
  const withRatios = results.contests.map((played) => ({
    ...played,
    ratios: played.asks.map((ask) => ratioOf(played, ask)),
  }));
  writeFileSync(path, `${JSON.stringify({ ...results, contests: withRatios }, null, 2)}\n`);
  say(path);
}

try {
  const code = await main();
  await stopStores();
  process.exit(code);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(2);
}
