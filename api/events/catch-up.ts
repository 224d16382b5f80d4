/** What a consumer missed while it was away, read for it alone. */

import type { GapReason } from '@flash-sale/shared/contracts/event.ts';
import { EVENTS_KEPT_MS } from '@flash-sale/shared/limits.ts';
import { redisNowMs } from '../redis/event-streams.ts';
import type { Services } from '../services.ts';
import { comparePositions, endOfMs, type Place } from './position.ts';
import { endsAt, readStep, startsAt, trimmedUntil, type PlacedEvent } from './reader.ts';
import type { Tail } from './tail.ts';

export interface Missed {
  /** Before these events something may be missing. */
  readonly gap: GapReason | null;
  /** Where these events begin: whoever is cut off right after the gap must hear of it again. */
  readonly from: Place;
  readonly events: readonly PlacedEvent[];
}

export class CatchUp {
  readonly #services: Services;
  #place: Place;
  /** It was said that something is missing up to this millisecond. */
  #toldUntilMs = 0;

  constructor(services: Services, after: Place) {
    this.#services = services;
    this.#place = after;
  }

  /** Everything up to here was read. */
  get place(): Place {
    return this.#place;
  }

  /** Nothing is left to catch up with: whatever comes after there comes after here. */
  isAt({ position, life }: Place): boolean {
    return this.#place.life === life && comparePositions(this.#place.position, position) >= 0;
  }

  /** The next part, of the streams that the tail reads. @throws StoreUnavailable */
  async next(tail: Tail, life: string): Promise<Missed> {
    if (this.#place.life !== life) return this.#goOn(life);
    const { position: before } = this.#place;
    const { saleIds } = tail;
    const [step, untilMs] = await Promise.all([
      readStep(this.#services, startsAt(saleIds, before), (saleId) => tail.has(saleId)),
      trimmedUntil(this.#services, endsAt(saleIds, before)),
    ]);
    const isTrimmed = untilMs !== null || step.nowMs - before.ms > EVENTS_KEPT_MS;
    const isNews = isTrimmed && before.ms >= this.#toldUntilMs;
    if (isNews) this.#toldUntilMs = untilMs ?? step.nowMs;
    if (comparePositions(step.position, before) > 0) this.#place = { position: step.position, life };
    const events = step.events.filter(({ position }) => comparePositions(position, before) > 0);
    return { gap: isNews ? 'trimmed' : null, from: { position: before, life }, events };
  }

  /** The place is of another life: perhaps of data that is gone, perhaps of a time that is still to come. */
  async #goOn(life: string): Promise<Missed> {
    const now = endOfMs((await redisNowMs(this.#services.redis)) - 1);
    const { position } = this.#place;
    this.#place = { position: comparePositions(now, position) < 0 ? now : position, life };
    return { gap: 'data_lost', from: this.#place, events: [] };
  }
}
