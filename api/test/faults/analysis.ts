/**
 * What a history adds up to, read from its file alone: whether more was promised than there was, how service was
 * while a store was away, and what was said around each violation.
 */

import type { Board } from './board.ts';
import { certainPromises } from './certain.ts';
import { spreadOf, type Spread } from './figures.ts';
import { readHistory, type Entry } from './history.ts';
import { judge } from './judge.ts';
import { sweep, type Promised, type Swept } from './sweep.ts';
import type { Outage, StoreName } from './strikes.ts';
import { Told } from './told.ts';
import type { Violation, Violations } from './violations.ts';

/** `hold 201`: how often, and in how many milliseconds. */
export type Service = Record<string, Spread>;

interface SweptSale {
  readonly saleId: number;
  readonly kind: string;
  readonly allotment: number;
  /** The most that was certainly promised at once. */
  readonly peak: number;
}

export interface Analysis {
  readonly told: Told;
  readonly complaints: number;
  readonly promises: number;
  readonly swept: readonly SweptSale[];
  readonly service: Service;
  /** While the store was away, by what was asked and how it was answered. */
  readonly during: Record<StoreName, Service>;
  readonly lostHolds: Record<string, number>;
}

export async function analyse(
  file: string,
  board: Board,
  outages: readonly Outage[],
  violations: Violations,
): Promise<Analysis> {
  let complaints = 0;
  const told = new Told((before, heard) => {
    complaints += judge(before, heard).length;
  });
  const times = new Times(outages);
  for await (const entry of readHistory(file)) {
    told.take(entry);
    times.take(entry);
  }
  const promised = certainPromises(told);
  const lost = [...told.holds.values()].flatMap((hold) => (hold.lost === null ? [] : [hold.lost.loss.kind]));
  return {
    told,
    complaints,
    promises: promised.length,
    swept: sweepSales(board, promised, violations),
    service: times.all.spread(),
    during: { redis: times.during.redis.spread(), mariadb: times.during.mariadb.spread() },
    lostHolds: Object.fromEntries(
      Object.entries(Object.groupBy(lost, (kind) => kind)).map(([kind, list]) => [kind, list?.length ?? 0]),
    ),
  };
}

function sweepSales(
  board: Board,
  certain: ReturnType<typeof certainPromises>,
  violations: Violations,
): SweptSale[] {
  const bySale = Map.groupBy(certain, ({ saleId }) => saleId);
  return board.all.map(({ saleId, kindName, kind }) => {
    const ofSale = bySale.get(saleId) ?? [];
    const { allotment, buyerLimit } = kind;
    const all = sweep(
      ofSale.map(({ promised }) => promised),
      allotment,
    );
    noteExcess(all, `sale ${saleId} (${kindName})`, allotment, violations);
    if (buyerLimit !== null) {
      const byBuyer = Map.groupBy(ofSale, ({ buyerId }) => buyerId);
      for (const [buyerId, own] of byBuyer) {
        const promised: Promised[] = own.map((one) => one.promised);
        noteExcess(sweep(promised, buyerLimit), `${buyerId} of sale ${saleId}`, buyerLimit, violations);
      }
    }
    return { saleId, kind: kindName, allotment, peak: all.peak };
  });
}

function noteExcess({ excess }: Swept, whose: string, bound: number, violations: Violations): void {
  if (excess === null) return;
  const says = `${excess.units} units were certainly promised at once for ${whose}, which has ${bound}`;
  violations.add('I7', says, excess.ids, excess.at);
}

/** How long answers took, in all and while a store was away. */
class Times {
  readonly all = new TimesByAnswer();
  readonly during: Record<StoreName, TimesByAnswer> = {
    redis: new TimesByAnswer(),
    mariadb: new TimesByAnswer(),
  };
  readonly #outages: readonly Outage[];
  readonly #sent = new Map<number, { deed: string; at: number }>();

  constructor(outages: readonly Outage[]) {
    this.#outages = outages;
  }

  take(entry: Entry): void {
    if ('sent' in entry) {
      this.#sent.set(entry.n, { deed: entry.sent.do, at: entry.at });
    } else if ('n' in entry) {
      const sent = this.#sent.get(entry.n);
      this.#sent.delete(entry.n);
      if (sent === undefined) return;
      const answer = 'told' in entry ? (entry.told.code ?? String(entry.told.status)) : 'no answer';
      const [key, ms] = [`${sent.deed} ${answer}`, entry.at - sent.at];
      this.all.add(key, ms);
      const outage = this.#outages.find(({ from, to }) => from <= sent.at && sent.at < to);
      if (outage === undefined) return;
      // What was answered after it came back says nothing of the time before.
      const isWaiting = entry.at > outage.to;
      this.during[outage.store].add(isWaiting ? `${sent.deed} (open until it was back)` : key, ms);
    }
  }
}

class TimesByAnswer {
  readonly #times = new Map<string, number[]>();

  add(key: string, ms: number): void {
    const times = this.#times.get(key);
    if (times === undefined) this.#times.set(key, [ms]);
    else times.push(ms);
  }

  spread(): Service {
    const entries = [...this.#times].sort(([a], [b]) => a.localeCompare(b));
    return Object.fromEntries(
      entries.flatMap(([key, times]) => {
        const spread = spreadOf(times);
        return spread === null ? [] : [[key, spread]];
      }),
    );
  }
}

const EXPLAINED_MAX = 20;
const LINES_MAX = 40;
/** Ids are longer; shorter words would match everything. */
const ID_LENGTH_MIN = 12;
const AROUND_MS = 5_000;

/** @returns the lines of the history that tell of each of the first violations. */
export async function linesAround(
  file: string,
  violations: readonly Violation[],
): Promise<{ violation: Violation; lines: string[] }[]> {
  const found = violations.slice(0, EXPLAINED_MAX).map((violation) => ({
    violation,
    ids: violation.about.filter((id) => id.length >= ID_LENGTH_MIN),
    asks: new Set<number>(),
    lines: [] as string[],
  }));
  for await (const entry of found.length === 0 ? [] : readHistory(file)) {
    const line = JSON.stringify(entry);
    for (const { violation, ids, asks, lines } of found) {
      if (lines.length >= LINES_MAX) continue;
      if ('n' in entry) {
        const isMeant = ids.some((id) => line.includes(id));
        if (isMeant) asks.add(entry.n);
        if (isMeant || asks.has(entry.n)) lines.push(line);
      } else if (Math.abs(entry.at - violation.at) < AROUND_MS) {
        lines.push(line);
      }
    }
  }
  return found.map(({ violation, lines }) => ({ violation, lines }));
}
