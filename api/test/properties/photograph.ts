/**
 * One look at everything Redis knows of a sale, in one step, and steps that only faults make: time that jumps, data
 * that comes back older, another process that serves it. They run beside the real scripts, never instead of them.
 */

import type { Redis } from 'ioredis';
import { saleKeys, SALE_KEY_NAMES } from '../../redis/keys.ts';
import { defineScript, runScript } from '../../redis/script.ts';
import type { RedisClient } from '../../redis/shards.ts';
import type { RecordState } from './redis-model.ts';
import { holdIdOf, holdName } from '../../redis/hold-name.ts';

interface PhotographedHold {
  readonly state: RecordState;
  readonly quantity: number;
  /** From now, by Redis' clock. */
  readonly deadlineMs: number;
  readonly buyerId: string | null;
}

export interface Photograph {
  readonly isArmed: boolean;
  readonly meta: ReadonlyMap<string, string>;
  readonly holds: ReadonlyMap<string, PhotographedHold>;
  /** Ids by set: the sets are derived from the holds. */
  readonly deadlines: readonly string[];
  readonly leases: readonly string[];
  readonly ended: readonly string[];
  readonly keys: ReadonlyMap<string, string>;
  readonly buyers: ReadonlyMap<string, string>;
  readonly applied: readonly number[];
  /** What the scripts told, oldest first. */
  readonly told: readonly { available: number; changes: string }[];
}

const photographScript = defineScript(
  'photograph',
  `return { 'photograph', is_armed() and 1 or 0, now_ms(),
     redis.call('HGETALL', meta_key), redis.call('HGETALL', holds_key), redis.call('HGETALL', past_key),
     redis.call('ZRANGE', deadlines_key, 0, -1, 'WITHSCORES'), redis.call('ZRANGE', leases_key, 0, -1),
     redis.call('ZRANGE', ended_key, 0, -1), redis.call('HGETALL', idempotency_key),
     redis.call('HGETALL', buyers_key), redis.call('SMEMBERS', credits_key),
     redis.call('XRANGE', events_key, '-', '+') }`,
  ['photograph'],
  { allowOom: true },
);

export async function photograph(redis: Redis, saleId: number): Promise<Photograph> {
  const reply = await runScript(redis, photographScript, saleId, []);
  const [, armed, now, meta, living, past, deadlines, leases, ended, keys, buyers, applied, events] = reply;
  const nowMs = Number(now);
  const scores = pairs(deadlines);
  const holds = new Map<string, PhotographedHold>();
  for (const [kind, records] of [
    ['living', pairs(living)],
    ['ended', pairs(past)],
  ] as const) {
    for (const [name, record] of records) {
      const holdId = holdIdOf(saleId, name);
      const hold = readRecord(record, nowMs);
      const isLiving = hold.state === 'held' || hold.state === 'pinned';
      if (holds.has(holdId) || isLiving !== (kind === 'living')) {
        throw new Error(`hold ${holdId} is among the ${kind} holds, and should not be: ${record}`);
      }
      const score = scores.get(name);
      if (score !== undefined && Number(score) !== hold.deadlineMs + nowMs) {
        throw new Error(`hold ${holdId} is ordered by another deadline than its own (${score}: ${record})`);
      }
      holds.set(holdId, hold);
    }
  }
  return {
    isArmed: armed === 1,
    meta: pairs(meta),
    holds,
    deadlines: idsOf(saleId, [...scores.keys()]),
    leases: idsOf(saleId, leases),
    ended: idsOf(saleId, ended),
    keys: new Map([...pairs(keys)].map(([key, entry]) => [key, withHoldId(saleId, entry)])),
    buyers: pairs(buyers),
    applied: (applied as string[]).map(Number),
    told: (events as [string, string[]][]).flatMap(([, [name, first, , changes = '']]) =>
      name === 'available' ? [{ available: Number(first), changes: withHoldIds(saleId, changes) }] : [],
    ),
  };
}

function idsOf(saleId: number, names: unknown): string[] {
  return (names as string[]).map((name) => holdIdOf(saleId, name)).toSorted();
}

/** fingerprint|hold */
function withHoldId(saleId: number, entry: string): string {
  const [fingerprint = '', name = ''] = entry.split('|');
  return `${fingerprint}|${holdIdOf(saleId, name)}`;
}

/** Every other line says what a change is about. */
function withHoldIds(saleId: number, changes: string): string {
  const lines = changes.split('\n');
  return lines.map((line, index) => (index % 2 === 0 ? holdIdOf(saleId, line) : line)).join('\n');
}

const STATE_OF: Readonly<Record<string, RecordState>> = {
  H: 'held',
  P: 'pinned',
  O: 'ordered',
  R: 'released',
  E: 'expired',
  L: 'lost',
};

function readRecord(record: string, nowMs: number): PhotographedHold {
  const [letter = '', quantity, deadline, , ...buyer] = record.split('|');
  const state = STATE_OF[letter];
  if (state === undefined) throw new Error(`a hold record that says nothing: ${record}`);
  const buyerId = buyer.join('|') || null;
  return { state, quantity: Number(quantity), deadlineMs: Number(deadline) - nowMs, buyerId };
}

function pairs(flat: unknown): Map<string, string> {
  const values = flat as string[];
  const map = new Map<string, string>();
  for (let i = 0; i + 1 < values.length; i += 2) map.set(values[i] as string, values[i + 1] as string);
  return map;
}

// ---- time ----

const shiftClockScript = defineScript(
  'shift_clock',
  `local records = redis.call('HGETALL', holds_key)
   local shift, only = tonumber(ARGV[1]), ARGV[2]
   for i = 1, #records, 2 do
     local state, quantity, deadline, digest, buyer = unpack_hold(records[i + 1])
     if (state == HELD or state == PINNED) and (only == '' or only == records[i]) then
       deadline = only == '' and deadline - shift or now_ms() - shift
       redis.call('HSET', holds_key, records[i], pack_hold(state, quantity, deadline, digest, buyer))
       if state == HELD then redis.call('ZADD', deadlines_key, deadline, records[i]) end
     end
   end
   if only == '' then
     for _, hold_id in ipairs(redis.call('ZRANGE', leases_key, 0, -1)) do
       redis.call('ZINCRBY', leases_key, -shift, hold_id)
     end
   end
   return { 'shifted' }`,
  ['shifted'],
);

/** A step of Redis' clock, seen from the holds: it goes on by so much (or back, when negative). */
export async function shiftClock(redis: RedisClient, saleId: number, byMs: number): Promise<void> {
  await runScript(redis, shiftClockScript, saleId, [byMs, '']);
}

/** The deadline of one hold passed so long ago; nobody has ended it. */
export async function passDeadline(
  redis: Redis,
  saleId: number,
  holdId: string,
  agoMs: number,
): Promise<void> {
  await runScript(redis, shiftClockScript, saleId, [agoMs, holdName(holdId)]);
}

const rescoreScript = defineScript(
  'rescore',
  `local key, score = KEYS[tonumber(ARGV[1])], now_ms() - tonumber(ARGV[2])
   for _, member in ipairs(redis.call('ZRANGE', key, 0, -1)) do redis.call('ZADD', key, score, member) end
   return { 'rescored' }`,
  ['rescored'],
);

/** All leases ended, or all ended holds did, so long ago. */
export async function letPass(
  redis: RedisClient,
  saleId: number,
  what: 'leases' | 'ended',
  agoMs: number,
): Promise<void> {
  await runScript(redis, rescoreScript, saleId, [SALE_KEY_NAMES.indexOf(what) + 1, agoMs]);
}

// ---- loss ----

/** What FLUSHALL does to one sale. */
export async function loseSale(redis: Redis, saleId: number): Promise<void> {
  await redis.unlink(...saleKeys(saleId));
}

const FORMER = 'another life';

const becomeFormerScript = defineScript(
  'become_former',
  `for _, field in ipairs(redis.call('HKEYS', meta_key)) do
     if string.match(field, '_life$') then redis.call('HSET', meta_key, field, '${FORMER}') end
   end
   local token = redis.call('HGET', meta_key, 'rebuild_token')
   if token then redis.call('HSET', meta_key, 'rebuild_token', '${FORMER}' .. token) end
   return { 'former' }`,
  ['former'],
);

/** A token as the former life made it, after such a restart. */
export function formerToken(token: string): string {
  return FORMER + token;
}

/** What a restart does to one sale: the data is that of a former process. */
export async function becomeFormer(redis: Redis, saleId: number): Promise<void> {
  await runScript(redis, becomeFormerScript, saleId, []);
}

/** A copy of the sale's keys, as an append-only file or a lagging replica has it. */
export async function copySale(redis: Redis, saleId: number): Promise<(Buffer | null)[]> {
  return Promise.all(saleKeys(saleId).map((key) => redis.dumpBuffer(key)));
}

/** The sale as it was when it was copied, served by another process. */
export async function restoreSale(redis: Redis, saleId: number, copy: (Buffer | null)[]): Promise<void> {
  await loseSale(redis, saleId);
  await Promise.all(
    saleKeys(saleId).map(async (key, index) => {
      const dump = copy[index];
      if (dump) await redis.restore(key, 0, dump);
    }),
  );
  await becomeFormer(redis, saleId);
}
