/** Reading the streams of events. Redis names each entry by its millisecond and a number in it. */

import type { RedisClient } from './shards.ts';
import { EVENTS_PAGE } from '@flash-sale/shared/limits.ts';
import { StoreUnavailable } from '../store-unavailable.ts';
import { eventsEraKey, eventsKey } from './keys.ts';

export interface StreamId {
  readonly ms: number;
  readonly seq: number;
}

export interface StreamEntry {
  readonly id: StreamId;
  readonly fields: readonly string[];
}

export interface StreamReading {
  readonly nowMs: number;
  /** By sale; 0 is what belongs to none. */
  readonly entries: ReadonlyMap<number, readonly StreamEntry[]>;
}

/** What Redis uses for the last of a millisecond. */
const LAST = '18446744073709551615';

const toText = ({ ms, seq }: StreamId): string => `${ms}-${seq === Infinity ? LAST : seq}`;

function toId(text: string): StreamId {
  const [ms, seq] = text.split('-');
  return { ms: Number(ms), seq: Number(seq) };
}

const keyOf = (saleId: number): string => eventsKey(saleId === 0 ? null : saleId);

async function ask<Answer>(question: () => Promise<Answer>): Promise<Answer> {
  try {
    return await question();
  } catch (error) {
    throw new StoreUnavailable('redis', error);
  }
}

/**
 * The next entries of each stream. The time is asked first: whatever is written after it has a later millisecond, or
 * the same one. @throws StoreUnavailable
 */
export function readStreams(
  redis: RedisClient,
  after: ReadonlyMap<number, StreamId>,
): Promise<StreamReading> {
  return ask(async () => {
    const saleIdOf = new Map([...after.keys()].map((saleId) => [keyOf(saleId), saleId]));
    const ids = [...after.values()].map(toText);
    const [time, found] = await Promise.all([
      redis.time(),
      redis.xread('COUNT', EVENTS_PAGE, 'STREAMS', ...saleIdOf.keys(), ...ids),
    ]);
    const entries = (found ?? []).map(([key, list]): [number, StreamEntry[]] => [
      saleIdOf.get(key) ?? 0,
      list.map(([id, fields]) => ({ id: toId(id), fields })),
    ]);
    return { nowMs: msOf(time), entries: new Map(entries) };
  });
}

export function redisNowMs(redis: RedisClient): Promise<number> {
  return ask(async () => msOf(await redis.time()));
}

function msOf([seconds, microseconds]: readonly unknown[]): number {
  return Number(seconds) * 1_000 + Math.floor(Number(microseconds) / 1_000);
}

export interface StreamWindow {
  readonly first: StreamId | null;
  readonly last: StreamId;
  /** Entries that were there and are not any more. */
  readonly removed: number;
}

/** What a stream holds; null when there is none. @throws StoreUnavailable */
export function readWindow(redis: RedisClient, saleId: number): Promise<StreamWindow | null> {
  return ask(async () => {
    const flat = await redis.xinfo('STREAM', keyOf(saleId)).catch((error: Error) => {
      if (error.message.startsWith('ERR no such key')) return null;
      throw error;
    });
    if (flat === null) return null;
    const info = fieldsOf(flat as unknown[]);
    const first = info.get('first-entry') as [string, unknown] | null;
    return {
      first: first === null ? null : toId(first[0]),
      last: toId(String(info.get('last-generated-id'))),
      removed: Number(info.get('entries-added')) - Number(info.get('length')),
    };
  });
}

function fieldsOf(flat: readonly unknown[]): Map<string, unknown> {
  const fields = new Map<string, unknown>();
  for (let at = 0; at + 1 < flat.length; at += 2) fields.set(String(flat[at]), flat[at + 1]);
  return fields;
}

/**
 * Names the data that the streams are part of, in eight letters: the process, its reign as master, and the era. Data
 * that was lost or set back is of another life. @throws StoreUnavailable
 */
export function readLife(redis: RedisClient): Promise<string> {
  return ask(async () => {
    const [, era, info] = await Promise.all([
      // Without memory there is no new era, and the rest of the name has to do.
      redis.set(eventsEraKey(), crypto.randomUUID(), 'NX').catch(() => null),
      redis.get(eventsEraKey()),
      redis.info('server', 'replication'),
    ]);
    const [, runId] = /run_id:(\w+)/.exec(info) ?? [];
    const [, reign] = /master_replid:(\w+)/.exec(info) ?? [];
    const name = [runId, reign, era].join();
    return new Bun.CryptoHasher('sha256').update(name).digest('hex').slice(0, 8);
  });
}

/** From now on places in the streams mean something else. @throws StoreUnavailable */
export async function beginEra(redis: RedisClient): Promise<void> {
  await ask(() => redis.set(eventsEraKey(), crypto.randomUUID()));
}
