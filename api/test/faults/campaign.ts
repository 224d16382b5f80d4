/** Load, faults, and a look at the accounts after each of them, until the time or the number of faults is reached. */

import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { chanceOf, type Chance } from '../seeded.ts';
import { Board } from './board.ts';
import { Caller } from './caller.ts';
import { Crowd } from './crowd.ts';
import { drawFaults, type Fault, type FaultName } from './faults.ts';
import { History } from './history.ts';
import { judge } from './judge.ts';
import { untilSelling, type Recovery } from './recovery.ts';
import { readCpuPressure } from './pressure.ts';
import { closeAccounts, untilAtRest, type FinalFigures } from './rest.ts';
import { errorsLogged } from './service.ts';
import type { MutantName } from './sources.ts';
import { Stack } from './stack.ts';
import type { Outage, Struck } from './strikes.ts';
import { Told } from './told.ts';
import { compare, untilExact, type Cursor, type Verifier } from './verify.ts';
import { Violations } from './violations.ts';

export interface CampaignOptions {
  readonly seed: number;
  /** Whichever is reached first. */
  readonly minutes: number;
  readonly faults: number;
  readonly buyers: number;
  /** Of each API. */
  readonly processes: number;
  readonly only: readonly FaultName[] | null;
  readonly mutant: MutantName | null;
  readonly out: string;
  /** At the end leases and pauses are over at once. For tests. */
  readonly isHurried: boolean;
}

/** One fault and what came of it. */
export interface Stroke {
  readonly id: number;
  readonly kind: FaultName;
  readonly target: string;
  readonly at: number;
  readonly answeringAt: number;
  readonly shownBy: Struck['shownBy'];
  readonly detail: string;
  readonly outage: Outage | null;
  /** Struck together with another. */
  readonly isOverlapping: boolean;
  readonly recovery: Recovery | null;
  readonly exactMs: number | null;
  /** Per cent of the last seconds in which something waited for a core; null where the kernel does not say. */
  readonly cpuPressure: number | null;
}

export interface Outcome {
  readonly options: CampaignOptions;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly versions: Record<string, string>;
  readonly strokes: readonly Stroke[];
  readonly visits: number;
  readonly restMs: number | null;
  readonly figures: FinalFigures | null;
  readonly violations: Violations;
  readonly told: Told;
  readonly board: Board;
  readonly historyFile: string;
  /** Lines of the processes that tell of an error, with how often. */
  readonly errorsLogged: Record<string, number>;
}

const OVERLAP_SHARE = 0.15;
const WARM_UP_MS = 1_000;

export class Campaign {
  readonly options: CampaignOptions;
  readonly violations = new Violations();
  readonly told = new Told((told, heard) => {
    for (const { rule, says, about } of judge(told, heard)) this.violations.add(rule, says, about, heard.at);
  });
  readonly strokes: Stroke[] = [];
  readonly startedAt = Date.now();
  /** What is still on its way, at the end. */
  restless: readonly string[] = [];
  phase: 'starting' | 'striking' | 'settling' | 'over' = 'starting';
  readonly #board = new Board();
  readonly #cursor: Cursor = { orders: 0, notices: 0 };
  #isStopping = false;
  #struck = 0;
  #left: Fault | null = null;

  constructor(options: CampaignOptions) {
    this.options = options;
  }

  /** Ends the load soon and goes on with the verdict. */
  stop(): void {
    this.#isStopping = true;
  }

  async run(): Promise<Outcome> {
    mkdirSync(this.options.out, { recursive: true });
    const file = join(this.options.out, 'history.jsonl');
    rmSync(file, { force: true });
    const history = new History(file);
    history.readBy((entry) => this.told.take(entry));
    const stack = await Stack.start(this.options.mutant, this.options.processes);
    try {
      const { services } = stack;
      const caller = new Caller(history, (api) => services[api].url, stack.webhookSecret);
      const verifier: Verifier = {
        stack,
        board: this.#board,
        told: this.told,
        violations: this.violations,
      };
      const versions = {
        bun: Bun.version,
        redis: stack.redis.version,
        mariadb: stack.mariadb.version,
        sources: stack.sourcesHash,
      };
      const crowd = new Crowd({ caller, board: this.#board, ...this.options });
      await this.#open(stack);
      crowd.start();
      await Bun.sleep(WARM_UP_MS);
      await this.#strikeUntilOver(verifier, caller, history);
      this.phase = 'settling';
      await crowd.stop();
      const { restMs, figures } = await this.#settle(verifier);
      this.phase = 'over';
      return {
        ...this.#outcomeSoFar(history.file),
        versions,
        visits: crowd.visits,
        restMs,
        figures,
        errorsLogged: errorsLogged(stack.logFolder),
      };
    } finally {
      history.close();
      await stack.close();
    }
  }

  #outcomeSoFar(historyFile: string) {
    const { options, startedAt, strokes, violations, told } = this;
    return {
      options,
      startedAt,
      endedAt: Date.now(),
      strokes,
      violations,
      told,
      board: this.#board,
      historyFile,
    };
  }

  async #open(stack: Stack): Promise<void> {
    const services = await stack.look();
    try {
      await this.#board.openAll(services);
    } finally {
      await services.close();
    }
  }

  async #strikeUntilOver(verifier: Verifier, caller: Caller, history: History): Promise<void> {
    const { seed, minutes, faults, only, mutant } = this.options;
    this.phase = 'striking';
    const chance = chanceOf(seed);
    const drawn = drawFaults(chance, only);
    const deadline = this.startedAt + minutes * 60_000;
    while (!this.#isStopping && Date.now() < deadline && this.#struck < faults) {
      try {
        await this.#strikeNext(chance, drawn, verifier, caller, history);
      } catch (error) {
        // A process or store that does not start again is not what was promised.
        this.violations.add('I8', `the campaign cannot go on: ${String(error)}`);
        return;
      }
      // A mutant is caught by the first violation.
      if (mutant !== null && this.violations.count > 0) return;
      await Bun.sleep(chance.integer(100, 600));
    }
  }

  async #strikeNext(
    chance: Chance,
    drawn: Generator<Fault, never>,
    verifier: Verifier,
    caller: Caller,
    history: History,
  ): Promise<void> {
    const faults = this.#draw(chance, drawn);
    const began = await Promise.all(
      faults.map((fault, index) =>
        this.#strike(fault, index * chance.integer(0, 600), verifier.stack, history),
      ),
    );
    // What is hit twice recovers when both are over.
    const answeringAt = Math.max(...began.map((stroke) => stroke.answeringAt));
    const recoveries = await Promise.all(
      began.map(async ({ shownBy, apis }) => {
        if (shownBy === 'nothing') return null;
        return untilSelling(caller, this.#board, shownBy, apis, answeringAt);
      }),
    );
    const unnoticedMs = Math.max(...began.map((stroke) => stroke.unnoticedMs ?? 0));
    const exactMs = await untilExact(verifier, answeringAt, unnoticedMs);
    for (const [index, { apis, ...stroke }] of began.entries()) {
      const recovery = recoveries[index] ?? null;
      const name = `${stroke.kind} (${stroke.target})`;
      if (recovery === null && stroke.shownBy !== 'nothing') {
        this.violations.add('I8', `after ${name} ${apis.join(' and ')} did not sell again within 20 s`);
      }
      const [isOverlapping, cpuPressure] = [began.length > 1, readCpuPressure()];
      this.strokes.push({ ...stroke, answeringAt, isOverlapping, recovery, exactMs, cpuPressure });
    }
    await compare(verifier, this.#cursor);
    await this.#replaceSoldOut(verifier.stack);
  }

  /** One fault, sometimes two that touch nothing in common. */
  #draw(chance: Chance, drawn: Generator<Fault, never>): Fault[] {
    const first = this.#left ?? drawn.next().value;
    this.#left = null;
    if (chance.next() >= OVERLAP_SHARE) return [first];
    const second = drawn.next().value;
    if (second.touches.every((touched) => !first.touches.includes(touched))) return [first, second];
    this.#left = second;
    return [first];
  }

  async #strike(fault: Fault, afterMs: number, stack: Stack, history: History) {
    await Bun.sleep(afterMs);
    this.#struck += 1;
    const { kind, target } = fault;
    const [id, at] = [this.#struck, Date.now()];
    const name = `#${id} ${kind} ${target}`;
    history.append({ at, fault: name });
    let loss: { from: number; heldSince: number | null } | null = null;
    const noteLoss = (to: number | null) => {
      if (loss !== null) history.append({ at: Date.now(), loss: { id, kind, to, ...loss } });
    };
    const struck = await fault.strike({
      stack,
      chance: chanceOf(Math.imul(this.options.seed, 17) + id),
      loses(heldSince) {
        loss = { from: Date.now(), heldSince };
        noteLoss(null);
      },
    });
    noteLoss(struck.answeringAt);
    history.append({ at: Date.now(), fault: `${name} is over` });
    const { detail = '', outage = null, ...rest } = struck;
    return { id, kind, target, at, detail, outage, ...rest };
  }

  async #replaceSoldOut(stack: Stack): Promise<void> {
    const services = await stack.look();
    try {
      await this.#board.replaceSoldOut(services, this.told);
    } finally {
      await services.close();
    }
  }

  async #settle(verifier: Verifier): Promise<{ restMs: number | null; figures: FinalFigures | null }> {
    // What a mutant leaves behind need not come to rest.
    if (this.options.mutant !== null && this.violations.count > 0) return { restMs: null, figures: null };
    const restMs = await untilAtRest(verifier, this.options.isHurried, (what) => (this.restless = what));
    try {
      return { restMs, figures: await closeAccounts(verifier) };
    } catch (error) {
      this.violations.add('I8', `the accounts cannot be closed: ${String(error)}`);
      return { restMs, figures: null };
    }
  }
}
