/** A contest: some that do the same, side by side, in rounds. */

import { calm, cpuMicroseconds, familyOf, type Calm } from './machine.ts';
import type { Loaded } from './load/requests.ts';
import { openStage, type Stage } from './stage.ts';

export interface Contender {
  readonly name: string;
  /** The server, where it has one of its own; what it has started counts too. */
  readonly pid: number | null;
  /** Before each load, uncounted. */
  readonly prepare?: () => Promise<void>;
  readonly load: (seconds: number) => Promise<Loaded>;
  /** After each load, uncounted. @throws when something else was measured than what was meant */
  readonly check?: (loaded: Loaded) => Promise<void>;
}

export interface Ask {
  readonly what: string;
  readonly of: string;
  /** What it is measured by. */
  readonly to: string;
  readonly figure: 'perSecond' | 'p99Ms';
  /** null: good to know, but nothing is asked for. */
  readonly wanted: { readonly atLeast: number } | { readonly atMost: number } | null;
}

export interface Contest {
  readonly name: string;
  readonly contenders: readonly Contender[];
  readonly asks: readonly Ask[];
}

export type OpenContest = (stage: Stage) => Promise<Contest>;

/** CPU in microseconds per request; null where this system does not say. */
export interface Measured extends Loaded {
  readonly serverUs: number | null;
  readonly redisUs: number | null;
  readonly sqlUs: number | null;
}

export interface Played {
  readonly name: string;
  readonly asks: readonly Ask[];
  readonly contenders: readonly { readonly name: string; readonly rounds: readonly Measured[] }[];
  /** Before each round. */
  readonly calm: readonly Calm[];
}

export interface Rounds {
  readonly rounds: number;
  readonly seconds: number;
}

/** Bun compiles what is hot only after some seconds: whoever is measured has been at work for that long. */
const WARM_UP_S = 4;

export async function play(
  open: OpenContest,
  { rounds, seconds }: Rounds,
  say: (line: string) => void,
): Promise<Played> {
  const stage = await openStage();
  try {
    const { name, contenders, asks } = await open(stage);
    for (const contender of contenders) {
      await measure(stage, contender, Math.min(WARM_UP_S, 2 * seconds), say);
    }
    const table = contenders.map((contender) => ({ contender, rounds: [] as Measured[] }));
    const calms: Calm[] = [];
    for (let round = 0; round < rounds; round += 1) {
      calms.push(await calm());
      say(`${name}: round ${round + 1} of ${rounds}`);
      // Whoever comes second may find the machine warmer, or the stores fuller.
      for (const row of round % 2 === 0 ? table : table.toReversed()) {
        row.rounds.push(await measure(stage, row.contender, seconds, say));
      }
    }
    const played = table.map(({ contender, rounds: measured }) => ({
      name: contender.name,
      rounds: measured,
    }));
    return { name, asks, contenders: played, calm: calms };
  } finally {
    await stage.close();
  }
}

/** A machine that is not ours alone stalls now and then; what is wrong so often is not the machine. */
const TRIES_MAX = 3;

/** @throws when something else was measured than what was meant, again and again */
export async function measure(
  stage: Stage,
  contender: Contender,
  seconds: number,
  say: (line: string) => void,
): Promise<Measured> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await measureOnce(stage, contender, seconds);
    } catch (error) {
      if (tries === TRIES_MAX) throw error;
      say(`!! ${error instanceof Error ? error.message : String(error)}: measured again`);
    }
  }
}

async function measureOnce(stage: Stage, contender: Contender, seconds: number): Promise<Measured> {
  const server = contender.pid === null ? [] : familyOf(contender.pid);
  const spent = () => [server, [stage.redisPid], [stage.sqlPid]].map(cpuOf);
  await contender.prepare?.();
  const before = spent();
  const loaded = await contender.load(seconds);
  const after = spent();
  if (loaded.ranOut) return measureOnce(stage, contender, seconds);
  if (loaded.failed > 0) throw new Error(`${contender.name}: ${loaded.failed} requests were not answered`);
  await contender.check?.(loaded);
  const [serverUs = null, redisUs = null, sqlUs = null] = after.map((now, index) => {
    const then = before[index];
    return now === null || typeof then !== 'number' ? null : (now - then) / loaded.requests;
  });
  return { ...loaded, serverUs, redisUs, sqlUs };
}

/** Of all of them; null where there is none, or nobody says. */
function cpuOf(pids: readonly number[]): number | null {
  const each = pids.map(cpuMicroseconds).filter((one) => one !== null);
  return each.length === 0 ? null : each.reduce((sum, one) => sum + one, 0);
}
