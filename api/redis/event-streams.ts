/** Reading the streams of events. Redis names each entry by its millisecond and a number in it. */

import { Cluster, type Redis } from 'ioredis';
import { EVENTS_PAGE } from '@flash-sale/shared/limits.ts';
import { StoreUnavailable } from '../store-unavailable.ts';
import { eventsEraKey, eventsKey, NO_SALE } from './keys.ts';
import { pairs } from './script.ts';
import { askEveryShard, onShard, shardNameOf, type RedisClient } from './shards.ts';

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
  /** By sale, NO_SALE among them. */
  readonly entries: ReadonlyMap<number, readonly StreamEntry[]>;
}

/** What Redis uses for the last of a millisecond. */
const LAST = '18446744073709551615';

const toText = ({ ms, seq }: StreamId): string => `${ms}-${seq === Infinity ? LAST : seq}`;

function toId(text: string): StreamId {
  const [ms, seq] = text.split('-');
  return { ms: Number(ms), seq: Number(seq) };
}

async function ask<Answer>(question: () => Promise<Answer>): Promise<Answer> {
  try {
    return await question();
  } catch (error) {
    throw new StoreUnavailable('redis', error);
  }
}

/**
 * The next entries of each stream. The time is asked first, of every shard whose streams these are, and the least of
 * them counts: whatever is written after it has a later millisecond, or the same one. @throws StoreUnavailable
 */
export function readStreams(
  redis: RedisClient,
  after: ReadonlyMap<number, StreamId>,
): Promise<StreamReading> {
  return ask(async () => {
    if (after.size === 0) return { nowMs: await redisNowMs(redis), entries: new Map() };
    const readings = await Promise.all(
      readTogether(redis, [...after]).map((some) =>
        onShard(redis, some[0]?.[0] ?? NO_SALE, (shard) => readOn(shard, new Map(some))),
      ),
    );
    return {
      nowMs: Math.min(...readings.map(({ nowMs }) => nowMs)),
      entries: new Map(readings.flatMap(({ entries }) => [...entries])),
    };
  });
}

/** In a cluster one command is about one slot, and two streams are in two. */
function readTogether<Stream>(redis: RedisClient, streams: Stream[]): Stream[][] {
  return redis instanceof Cluster ? streams.map((stream) => [stream]) : [streams];
}

async function readOn(shard: Redis, after: ReadonlyMap<number, StreamId>): Promise<StreamReading> {
  const saleIdOf = new Map([...after.keys()].map((saleId) => [eventsKey(saleId), saleId]));
  const ids = [...after.values()].map(toText);
  const [time, found] = await Promise.all([
    shard.time(),
    shard.xread('COUNT', EVENTS_PAGE, 'STREAMS', ...saleIdOf.keys(), ...ids),
  ]);
  const entries = (found ?? []).map(([key, list]): [number, StreamEntry[]] => [
    saleIdOf.get(key) ?? NO_SALE,
    list.map(([id, fields]) => ({ id: toId(id), fields })),
  ]);
  return { nowMs: msOf(time), entries: new Map(entries) };
}

/** The least of all shards that answer. @throws StoreUnavailable */
export async function redisNowMs(redis: RedisClient): Promise<number> {
  const { answers } = await askEveryShard(redis, async (shard) => msOf(await shard.time()));
  return Math.min(...answers.values());
}

/** What TIME answers, in milliseconds. */
export function msOf([seconds, microseconds]: readonly unknown[]): number {
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
    const flat = await onShard(redis, saleId, (shard) =>
      shard.xinfo('STREAM', eventsKey(saleId)).catch((error: Error) => {
        if (error.message.startsWith('ERR no such key')) return null;
        throw error;
      }),
    );
    if (flat === null) return null;
    const info = new Map(pairs(flat as unknown[]).map(([field, value]) => [String(field), value]));
    const first = info.get('first-entry') as [string, unknown] | null;
    return {
      first: first === null ? null : toId(first[0]),
      last: toId(String(info.get('last-generated-id'))),
      removed: Number(info.get('entries-added')) - Number(info.get('length')),
    };
  });
}

export interface Life {
  /** In eight letters. */
  readonly name: string;
  /** Whether the stream of the sale is part of it: its shard answered. */
  has(saleId: number): boolean;
}

/**
 * Names the data that the streams are part of: of each Redis that answers the process and its reign as master, and the
 * era. Data that was lost or set back is of another life, and so is all of it when a shard goes away or comes back:
 * nobody knows then what of its events was read. @throws StoreUnavailable
 */
export async function readLife(redis: RedisClient): Promise<Life> {
  const [{ answers }, era] = await Promise.all([
    askEveryShard(redis, (shard) => shard.info('server', 'replication')),
    // Without memory there is no new era, and the rest of the name has to do; so it has while the shard of it is away.
    readEra(redis).catch(() => null),
  ]);
  const lives = [...answers].map(([name, info]) => {
    const [, runId] = /run_id:(\w+)/.exec(info) ?? [];
    const [, reign] = /master_replid:(\w+)/.exec(info) ?? [];
    return [name, runId, reign].join();
  });
  const text = [...lives.toSorted(), era].join(' ');
  return {
    name: new Bun.CryptoHasher('sha256').update(text).digest('hex').slice(0, 8),
    has: (saleId) => answers.has(shardNameOf(redis, saleId)),
  };
}

function readEra(redis: RedisClient): Promise<string | null> {
  return onShard(redis, NO_SALE, async (shard) => {
    const [, era] = await Promise.all([
      shard.set(eventsEraKey(), crypto.randomUUID(), 'NX').catch(() => null),
      shard.get(eventsEraKey()),
    ]);
    return era;
  });
}

/** From now on places in the streams mean something else. @throws StoreUnavailable */
export async function beginEra(redis: RedisClient): Promise<void> {
  await ask(() => onShard(redis, NO_SALE, (shard) => shard.set(eventsEraKey(), crypto.randomUUID())));
}
