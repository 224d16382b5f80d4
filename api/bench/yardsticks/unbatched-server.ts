/**
 * Yardstick (b): the usual way. One EVALSHA for each request, of a script that takes a unit and writes the same records,
 * through ioredis with its own pipelining. It knows no rebuilds, buyers, idempotency keys or events.
 */

import { Elysia } from 'elysia';
import { Redis } from 'ioredis';
import { PlaceHold } from '@flash-sale/shared/contracts/hold.ts';
import { readConfig } from '../../config.ts';
import { PLAIN_HOLD_KEYS, PLAIN_META_KEY } from './plain-keys.ts';
import { HEADERS, listenForBench, placed, tellPlaced } from './replies.ts';

const TAKE_UNITS = `
local state, opens_at, closes_at, available = unpack(redis.call('HMGET', KEYS[1], 'state', 'opens_at', 'closes_at', 'available'))
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if state ~= 'live' or now < tonumber(opens_at) or now >= tonumber(closes_at) then return { 'closed' } end
local quantity = tonumber(ARGV[2])
if tonumber(available) < quantity then return { 'insufficient_stock' } end
local deadline = now + tonumber(ARGV[3])
redis.call('HINCRBY', KEYS[1], 'available', -quantity)
redis.call('HSET', KEYS[2], ARGV[1], 'H|' .. quantity .. '|' .. deadline)
redis.call('ZADD', KEYS[3], deadline, ARGV[1])
return { 'held', deadline }
`;

const { pathname } = new URL(readConfig().REDIS_URL ?? '');
const redis = new Redis({ path: decodeURIComponent(pathname), enableAutoPipelining: true });
const keys = [PLAIN_META_KEY, ...PLAIN_HOLD_KEYS];
await redis.hset(PLAIN_META_KEY, {
  state: 'live',
  opens_at: 0,
  closes_at: Date.now() + 86_400_000,
  available: 100_000_000,
});
const sha = String(await redis.script('LOAD', TAKE_UNITS));

listenForBench(
  new Elysia({ normalize: false }).headers(HEADERS).post(
    '/api/holds',
    async ({ body, set }) => {
      const holdId = crypto.randomUUID();
      const ttlMs = (body.ttl ?? 120) * 1_000;
      const reply = await redis.evalsha(sha, keys.length, ...keys, holdId, body.quantity, ttlMs);
      const [word, deadlineMs] = reply as [string, number];
      if (word !== 'held') throw new Error(`the plain hold was ${word}`);
      tellPlaced(set, body, holdId);
      return placed(holdId, deadlineMs);
    },
    { parse: 'json', body: PlaceHold },
  ),
);
