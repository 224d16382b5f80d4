/** Reads all streams of events as one, in one order. */

import type { AnyEvent } from '@flash-sale/shared/contracts/event.ts';
import { EVENTS_KEPT_MS, EVENTS_PAGE } from '@flash-sale/shared/limits.ts';
import { readStreams, readWindow, type StreamEntry, type StreamId } from '../redis/event-streams.ts';
import { NO_SALE } from '../redis/keys.ts';
import type { Services } from '../services.ts';
import { announcedSale, eventsIn } from './entry.ts';
import { comparePositions, endOfEntry, endOfMs, entryAt, entryBefore, type Position } from './position.ts';

export interface PlacedEvent {
  readonly position: Position;
  readonly event: AnyEvent;
}

export interface Step {
  /** In order, all after the place that was asked for. */
  readonly events: readonly PlacedEvent[];
  /** Everything up to here is among them or came before. */
  readonly position: Position;
  /** No more can be read at this moment. */
  readonly isCaughtUp: boolean;
  /** By stream, the last entry that is among them. */
  readonly lastIds: ReadonlyMap<number, StreamId>;
  /** Sales that have a stream since these events. */
  readonly announced: readonly number[];
  readonly nowMs: number;
}

/** A sale that is over keeps its keys for a while, and a clock may be a little off. */
const OVER_MS = 2 * EVENTS_KEPT_MS;

/** Whose streams there can be, NO_SALE among them. */
export async function saleIdsWithStreams({ catalog }: Services): Promise<number[]> {
  const sales = await catalog.sales();
  const isThere = ({ endedAt }: (typeof sales)[number]) => Date.now() - (endedAt?.getTime() ?? 0) < OVER_MS;
  return [NO_SALE, ...sales.filter((sale) => sale.state !== 'ended' || isThere(sale)).map(({ id }) => id)];
}

/** Where to begin in each stream. */
export function startsAt(saleIds: readonly number[], position: Position): Map<number, StreamId> {
  return new Map(saleIds.map((saleId) => [saleId, entryBefore(position, saleId)]));
}

/** What was read of each stream. */
export function endsAt(saleIds: readonly number[], position: Position): Map<number, StreamId> {
  return new Map(saleIds.map((saleId) => [saleId, entryAt(position, saleId)]));
}

/**
 * The next events. Only those of milliseconds that are over for all streams: what comes later then comes after them.
 * @param after where to begin in each stream
 * @param canBeRead false for a sale whose shard is away
 * @throws StoreUnavailable
 */
export async function readStep(
  { redis }: Services,
  after: Map<number, StreamId>,
  canBeRead: (saleId: number) => boolean,
): Promise<Step> {
  const { nowMs, entries: first } = await readStreams(redis, after);
  const entries = new Map(first);
  const announced = [...(entries.get(NO_SALE) ?? [])].flatMap((entry) => announcedSale(entry) ?? []);
  const unknown = announced.filter((saleId) => !after.has(saleId) && canBeRead(saleId));
  if (unknown.length > 0) {
    // Announced before their first entry: read at the earlier time, they are complete up to it.
    const more = await readStreams(redis, new Map(unknown.map((saleId) => [saleId, { ms: 0, seq: 0 }])));
    for (const [saleId, list] of more.entries) entries.set(saleId, list);
  }

  let position = endOfMs(nowMs - 1);
  let isCaughtUp = true;
  for (const [saleId, list] of entries) {
    const last = list.at(-1);
    if (last === undefined || list.length < EVENTS_PAGE) continue;
    const end = endOfEntry(saleId, last.id);
    if (comparePositions(end, position) >= 0) continue;
    position = end;
    isCaughtUp = false;
  }
  return { ...collect(entries, position), position, isCaughtUp, announced: unknown, nowMs };
}

function collect(entries: ReadonlyMap<number, readonly StreamEntry[]>, until: Position) {
  const events: PlacedEvent[] = [];
  const lastIds = new Map<number, StreamId>();
  for (const [saleId, list] of entries) {
    for (const entry of list) {
      if (comparePositions(endOfEntry(saleId, entry.id), until) > 0) break;
      lastIds.set(saleId, entry.id);
      eventsIn(saleId, entry).forEach((event, index) =>
        events.push({ position: { ...entry.id, saleId, index }, event }),
      );
    }
  }
  return { events: events.sort((a, b) => comparePositions(a.position, b.position)), lastIds };
}

/**
 * Entries after these places may have left the window of a stream: the first that is there is not the next.
 * @returns null when none have; else where the windows begin
 */
export async function trimmedUntil(
  { redis }: Services,
  after: ReadonlyMap<number, StreamId>,
): Promise<number | null> {
  const begins = await Promise.all(
    [...after].map(async ([saleId, { ms, seq }]) => {
      const window = await readWindow(redis, saleId);
      if (window === null || window.removed === 0 || window.first === null) return [];
      const { first } = window;
      return first.ms > ms || (first.ms === ms && first.seq > seq) ? [first.ms] : [];
    }),
  );
  const found = begins.flat();
  return found.length === 0 ? null : Math.max(...found);
}
