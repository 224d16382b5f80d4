/** Follows the end of all streams for one process, and notices when something may be missing. */

import type { GapReason } from '@flash-sale/shared/contracts/event.ts';
import {
  beginEra,
  readLife,
  readWindow,
  redisNowMs,
  type Life,
  type StreamId,
} from '../redis/event-streams.ts';
import type { Services } from '../services.ts';
import { comparePositions, endOfMs, entryBefore, type Place, type Position } from './position.ts';
import { readStep, saleIdsWithStreams, trimmedUntil, type PlacedEvent, type Step } from './reader.ts';

/** After such a silence between two readings the window may have passed over what was not read. */
const SILENCE_MS = 1_000;
/** A loss of data that no sale noticed is noticed within this. */
const LIFE_PERIOD_MS = 1_000;

export interface Turn {
  /** Before the events of this turn something may be missing. */
  readonly gap: GapReason | null;
  /** Where these events begin: whoever is cut off right after the gap must hear of it again. */
  readonly from: Place;
  readonly events: readonly PlacedEvent[];
  /** Everything up to here was read. */
  readonly place: Place;
  readonly isCaughtUp: boolean;
}

export class Tail {
  readonly #services: Services;
  #position: Position;
  #life: Life;
  /** Of each stream, the last entry that was read. */
  #cursors = new Map<number, StreamId>();
  readonly #announced = new Set<number>();
  #readAtMs = Number.NEGATIVE_INFINITY;
  #lifeReadAtMs = Number.NEGATIVE_INFINITY;

  private constructor(services: Services, position: Position, life: Life) {
    this.#services = services;
    this.#position = position;
    this.#life = life;
  }

  /** Begins at this moment. @throws StoreUnavailable */
  static async open(services: Services): Promise<Tail> {
    const { redis, catalog } = services;
    const [life, nowMs] = await Promise.all([readLife(redis), redisNowMs(redis)]);
    // Read after the time: a sale whose first entry is earlier is known. While SQL is away, none begins.
    await catalog.refresh().catch(() => {});
    const tail = new Tail(services, endOfMs(nowMs - 1), life);
    await tail.#openCursors(life);
    return tail;
  }

  get place(): Place {
    return { position: this.#position, life: this.#life.name };
  }

  /** Whose streams are read. */
  get saleIds(): number[] {
    return [...this.#cursors.keys()];
  }

  /** Whether the stream of a sale can be read: its shard answers. */
  has(saleId: number): boolean {
    return this.#life.has(saleId);
  }

  /** @throws StoreUnavailable: nothing was read, and the next turn looks closely */
  async next(): Promise<Turn> {
    const nowMs = performance.now();
    const wasSilent = nowMs - this.#readAtMs > SILENCE_MS;
    const isLifeDue = wasSilent || nowMs - this.#lifeReadAtMs > LIFE_PERIOD_MS;
    this.#readAtMs = Number.NEGATIVE_INFINITY;
    // Before anything is read: what a shard that is away has cannot be, and the others go on.
    const life = isLifeDue ? await readLife(this.#services.redis) : this.#life;
    // A shard that hangs delays this: the time after it counts, or it would be due again at once.
    if (isLifeDue) this.#lifeReadAtMs = performance.now();
    const turn =
      life.name === this.#life.name ? await this.#read(wasSilent) : await this.#goOn('data_lost', life);
    this.#readAtMs = nowMs;
    return turn;
  }

  async #read(wasSilent: boolean): Promise<Turn> {
    await this.#findStreams();
    const after = new Map(this.#cursors);
    const [step, trimmed] = await Promise.all([
      readStep(this.#services, after, (saleId) => this.has(saleId)),
      wasSilent ? trimmedUntil(this.#services, after) : null,
    ]);
    return this.#take(step, trimmed !== null);
  }

  async #take(step: Step, isTrimmed: boolean): Promise<Turn> {
    const { events, isCaughtUp } = step;
    if (events.some(({ position }) => comparePositions(position, this.#position) <= 0)) {
      // A clock that was set back, mostly. Whoever resumes must hear of it too, at whatever process.
      await beginEra(this.#services.redis);
      return this.#goOn('out_of_order', await readLife(this.#services.redis));
    }
    const from = this.place;
    for (const saleId of step.announced) this.#announced.add(saleId);
    for (const [saleId, id] of step.lastIds) this.#cursors.set(saleId, id);
    if (comparePositions(step.position, this.#position) > 0) this.#position = step.position;
    return { gap: isTrimmed ? 'trimmed' : null, from, events, place: this.place, isCaughtUp };
  }

  /** In another life, from where we are or, if that is still to come, from now. */
  async #goOn(gap: GapReason, life: Life): Promise<Turn> {
    const now = endOfMs((await redisNowMs(this.#services.redis)) - 1);
    if (comparePositions(now, this.#position) < 0) this.#position = now;
    await this.#openCursors(life);
    this.#life = life;
    return { gap, from: this.place, events: [], place: this.place, isCaughtUp: false };
  }

  /** Of sales whose shard answers. */
  async #saleIdsIn(life: Life): Promise<number[]> {
    return (await saleIdsWithStreams(this.#services)).filter((saleId) => life.has(saleId));
  }

  async #openCursors(life: Life): Promise<void> {
    const saleIds = await this.#saleIdsIn(life);
    const cursors = await Promise.all(
      saleIds.map(async (saleId): Promise<[number, StreamId]> => {
        const last = (await readWindow(this.#services.redis, saleId))?.last ?? { ms: 0, seq: 0 };
        const limit = entryBefore(this.#position, saleId);
        // Not simply the limit: what is written below it, out of order, must be found.
        return [saleId, last.ms > limit.ms || (last.ms === limit.ms && last.seq > limit.seq) ? limit : last];
      }),
    );
    this.#cursors = new Map(cursors);
  }

  /** Streams that began are read from their beginning; those of sales that are over are left. */
  async #findStreams(): Promise<void> {
    const known = await this.#saleIdsIn(this.#life);
    for (const saleId of known) this.#announced.delete(saleId);
    const announced = [...this.#announced].filter((saleId) => this.has(saleId));
    const read = new Set([...known, ...announced]);
    for (const saleId of this.#cursors.keys()) {
      if (!read.has(saleId)) this.#cursors.delete(saleId);
    }
    for (const saleId of read) {
      if (!this.#cursors.has(saleId)) this.#cursors.set(saleId, { ms: 0, seq: 0 });
    }
  }
}
