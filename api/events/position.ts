/**
 * Places in the one order of all events: by the millisecond of Redis, the sale (NO_SALE: none), the entry of that
 * millisecond, and the change in the entry. Every process puts them in this order, so a place found at one is found at
 * another.
 */

import type { StreamId } from '../redis/event-streams.ts';

export interface Position {
  readonly ms: number;
  /** Infinity, here and below: after all of them. */
  readonly saleId: number;
  readonly seq: number;
  readonly index: number;
}

/** What a consumer names to go on after it. */
export interface Place {
  readonly position: Position;
  /** Of the streams, when the place was told: in another life a position may mean something else. */
  readonly life: string;
}

export function endOfMs(ms: number): Position {
  return { ms, saleId: Infinity, seq: Infinity, index: Infinity };
}

export function endOfEntry(saleId: number, { ms, seq }: StreamId): Position {
  return { ms, saleId, seq, index: Infinity };
}

/** Negative when `a` comes first. */
export function comparePositions(a: Position, b: Position): number {
  if (a.ms !== b.ms) return a.ms - b.ms;
  if (a.saleId !== b.saleId) return a.saleId - b.saleId;
  if (a.seq !== b.seq) return a.seq - b.seq;
  return a.index === b.index ? 0 : a.index - b.index;
}

/** The last entry of a sale's stream that the position has passed, or is in. */
export function entryAt({ ms, saleId, seq }: Position, ofSale: number): StreamId {
  if (ofSale === saleId) return { ms, seq };
  return { ms: ofSale < saleId ? ms : ms - 1, seq: Infinity };
}

/** The last entry that need not be read again: one that the position is in may have more changes. */
export function entryBefore(position: Position, ofSale: number): StreamId {
  const { ms, saleId, seq, index } = position;
  if (ofSale !== saleId || index === Infinity) return entryAt(position, ofSale);
  return seq > 0 ? { ms, seq: seq - 1 } : { ms: ms - 1, seq: Infinity };
}

/** The `id` of an event. */
export function formatId({ position, life }: Place): string {
  const { ms, saleId, seq, index } = position;
  return `${[ms, saleId, seq, index].filter(Number.isFinite).join('-')}.${life}`;
}

/** @returns null when it is no id of ours */
export function parseId(id: string): Place | null {
  const parts = /^(\d{1,15})(?:-(\d{1,10})-(\d{1,15})(?:-(\d{1,10}))?)?\.([0-9a-f]{8})$/.exec(id);
  if (parts === null) return null;
  const [ms, saleId, seq, index] = parts.slice(1, 5).map((part) => (part ? Number(part) : Infinity));
  return { position: { ms, saleId, seq, index } as Position, life: parts[5] ?? '' };
}
