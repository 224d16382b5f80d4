/**
 * All events for all consumers of one process. The streams are read once for everybody, and only while somebody
 * listens. A consumer that resumes reads by itself until it is where the others are, and then listens with them.
 */

import type { AnyEvent } from '@flash-sale/shared/contracts/event.ts';
import { EVENTS_HEARTBEAT_MS, EVENTS_PERIOD_MS } from '@flash-sale/shared/limits.ts';
import { perProcess } from '../per-process.ts';
import { redisNowMs } from '../redis/event-streams.ts';
import type { Services } from '../services.ts';
import { StoreUnavailable } from '../store-unavailable.ts';
import { CatchUp } from './catch-up.ts';
import { eventText } from './event-text.ts';
import { Inbox } from './inbox.ts';
import { comparePositions, endOfMs, type Place, type Position } from './position.ts';
import type { PlacedEvent } from './reader.ts';
import { Tail, type Turn } from './tail.ts';

export interface Wish {
  /** What is told comes after this. */
  readonly begin: Place;
  /** null: all of them. */
  readonly isWanted: ((event: AnyEvent) => boolean) | null;
}

interface Listener {
  readonly inbox: Inbox;
  readonly after: Position;
  readonly isWanted: Wish['isWanted'];
}

interface Reading {
  readonly tail: Tail;
  /** Everything up to here was given to the listeners. */
  place: Place;
}

/** Whoever comes back at once finds the tail where it was. */
const IDLE_MS = 1_000;
const RETRY_MS = 250;

export const feedOf = perProcess((services) => new EventFeed(services));

class EventFeed {
  readonly #services: Services;
  readonly #closing = new AbortController();
  readonly #listeners = new Set<Listener>();
  #consumers = 0;
  #reading: Promise<Reading> | null = null;

  constructor(services: Services) {
    this.#services = services;
  }

  get consumers(): number {
    return this.#consumers;
  }

  /** Ends every stream: a listener that shuts down must not wait for its consumers. */
  close(): void {
    this.#closing.abort();
  }

  /**
   * To be asked before a stream begins: then it can still be refused.
   * @param after the last event that was seen; null: only what happens from now on
   * @throws StoreUnavailable
   */
  async beginAfter(after: Place | null): Promise<Place> {
    const reading = await this.#open();
    return after ?? this.#now(reading);
  }

  /** Server-sent events, several at a time. Ends when the consumer is gone or too slow, or the feed is closed. */
  async *follow({ begin, isWanted }: Wish, gone: AbortSignal): AsyncGenerator<string> {
    const ended = AbortSignal.any([gone, this.#closing.signal]);
    let listener: Listener | null = null;
    this.#count(1);
    try {
      const reading = await this.#open();
      yield eventText({ type: 'ready' }, begin);
      const missed = new CatchUp(this.#services, begin);
      while (!missed.isAt(reading.place) && !ended.aborted) {
        const text = await this.#missedText(missed, reading, isWanted);
        if (text !== '') yield text;
      }
      // Without any wait in between: what is given from now on comes after what was caught up with.
      listener = { inbox: new Inbox(ended), after: missed.place.position, isWanted };
      this.#listeners.add(listener);
      yield* this.#listen(listener, reading);
    } finally {
      if (listener !== null) this.#listeners.delete(listener);
      this.#count(-1);
    }
  }

  async #now({ place: { life } }: Reading): Promise<Place> {
    return { position: endOfMs((await redisNowMs(this.#services.redis)) - 1), life };
  }

  async #missedText(missed: CatchUp, { tail, place }: Reading, isWanted: Wish['isWanted']): Promise<string> {
    try {
      const { gap, from, events } = await missed.next(tail, place.life);
      const wanted = events.filter(({ event }) => isWanted?.(event) ?? true);
      const { life } = missed.place;
      const texts = wanted.map(({ event, position }) => eventText(event, { position, life }));
      if (gap !== null) texts.unshift(eventText({ type: 'gap', reason: gap, sale_id: null }, from));
      return texts.join('');
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      await Bun.sleep(RETRY_MS);
      return eventText({ type: 'heartbeat' }, missed.place);
    }
  }

  async *#listen({ inbox, after }: Listener, reading: Reading): AsyncGenerator<string> {
    let until: Place = { position: after, life: reading.place.life };
    for (;;) {
      const received = await inbox.take(EVENTS_HEARTBEAT_MS);
      switch (received.kind) {
        case 'text':
          until = received.until;
          yield received.text;
          break;
        case 'quiet':
          if (comparePositions(reading.place.position, until.position) > 0) until = reading.place;
          yield eventText({ type: 'heartbeat' }, until);
          break;
        case 'dropped':
          yield eventText({ type: 'dropped' }, until);
          return;
        case 'ended':
          return;
      }
    }
  }

  #count(change: 1 | -1): void {
    this.#consumers += change;
    this.#services.metrics.eventConsumers.set(this.#consumers);
  }

  /** @throws StoreUnavailable */
  #open(): Promise<Reading> {
    this.#reading ??= this.#begin();
    return this.#reading;
  }

  async #begin(): Promise<Reading> {
    try {
      const tail = await Tail.open(this.#services);
      const reading = { tail, place: tail.place };
      void this.#read(reading);
      return reading;
    } catch (error) {
      this.#reading = null;
      throw error;
    }
  }

  /** Until nobody has listened for a while. */
  async #read(reading: Reading): Promise<void> {
    let idleSinceMs = performance.now();
    const isNeeded = () => this.#consumers > 0 || performance.now() - idleSinceMs < IDLE_MS;
    while (!this.#closing.signal.aborted && isNeeded()) {
      if (this.#consumers > 0) idleSinceMs = performance.now();
      const pauseMs = await this.#readOnce(reading);
      if (pauseMs > 0) await Bun.sleep(pauseMs);
    }
    this.#reading = null;
  }

  async #readOnce(reading: Reading): Promise<number> {
    try {
      const turn = await reading.tail.next();
      this.#give(turn);
      reading.place = turn.place;
      return turn.isCaughtUp ? EVENTS_PERIOD_MS : 0;
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) {
        this.#services.log.error('events could not be read and will be read again', { error });
      }
      return RETRY_MS;
    }
  }

  #give({ gap, from, events, place }: Turn): void {
    if (this.#listeners.size === 0) return;
    const { life } = place;
    const told = gap === null ? '' : eventText({ type: 'gap', reason: gap, sale_id: null }, from);
    const texts = events.map((placed) => ({
      ...placed,
      text: eventText(placed.event, { position: placed.position, life }),
    }));
    const all = texts.map(({ text }) => text).join('');
    for (const { inbox, after, isWanted } of this.#listeners) {
      const isFor = ({ event, position }: PlacedEvent) =>
        comparePositions(position, after) > 0 && (isWanted?.(event) ?? true);
      const isForAll = isWanted === null && texts[0] !== undefined && isFor(texts[0]);
      const wanted = isForAll
        ? all
        : texts
            .filter(isFor)
            .map(({ text }) => text)
            .join('');
      if (told === '' && wanted === '') continue;
      if (!inbox.put(told + wanted, place)) this.#services.metrics.eventConsumersDropped.inc();
    }
  }
}
