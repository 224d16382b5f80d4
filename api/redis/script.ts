import prelude from '@flash-sale/lua/sale.lua' with { type: 'text' };
import { EVENTS_KEPT_MAX, RATE_WINDOW_MS } from '@flash-sale/shared/limits.ts';
import { ReplyError, type Redis } from 'ioredis';
import { StoreUnavailable } from '../store-unavailable.ts';
import { saleKeys } from './keys.ts';
import { onShard, type RedisClient } from './shards.ts';

export interface Script<Word extends string> {
  readonly name: string;
  readonly words: readonly Word[];
  readonly text: string;
  readonly sha: string;
}

export type Reply<Word extends string> = [Word, ...unknown[]];

interface Flags {
  /** Runs even when Redis is out of memory. */
  readonly allowOom: boolean;
  /** Lua between the prelude and the script. */
  readonly part?: string;
}

/** What Lua knows of limits.ts. */
const LIMITS = `local EVENTS_KEPT_MAX, RATE_WINDOW_MS = ${EVENTS_KEPT_MAX}, ${RATE_WINDOW_MS}`;

/** This Redis process was not vouched for by a rebuild: nothing was read, nothing was decided. */
export interface NotArmed {
  readonly kind: 'not_armed';
}
export const NOT_ARMED: NotArmed = { kind: 'not_armed' };

/** All but what takes new units or only tells: what is promised is kept, what ends gives back, even without memory. */
export const ALLOW_OOM: Flags = { allowOom: true };

/** @param words every word that the script's reply may begin with, as its header lists them */
export function defineScript<const Word extends string>(
  name: string,
  body: string,
  words: readonly Word[],
  flags: Flags = { allowOom: false },
): Script<Word> {
  // With a shebang Redis refuses the whole script up front when it is out of memory, instead of in its middle.
  const shebang = flags.allowOom ? '#!lua flags=allow-oom' : '#!lua';
  const text = [shebang, LIMITS, prelude, flags.part ?? '', body].join('\n');
  return { name, words, text, sha: new Bun.CryptoHasher('sha1').update(text).digest('hex') };
}

/** Errors that say "not now", not "you are wrong". */
const UNAVAILABLE =
  /^(LOADING|OOM|MISCONF|READONLY|BUSY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|NOREPLICAS|MOVED|ASK)/;

/** What ioredis says of a command while it has no connection. Refusals of Redis itself ran nothing either. */
const NEVER_SENT = new RegExp(`^Stream isn't writeable|${UNAVAILABLE.source}`);

type Took = (script: string, seconds: number) => void;

const watchers = new WeakMap<RedisClient, Took>();

/** Tells how long each script took, its failures too. One watcher per client. */
export function watchScripts(redis: RedisClient, took: Took): void {
  watchers.set(redis, took);
}

/** Runs a script on the keys of one sale. @throws StoreUnavailable when its outcome is unknown or Redis cannot now. */
export async function runScript<Word extends string>(
  redis: RedisClient,
  script: Script<Word>,
  saleId: number,
  args: (string | number)[],
): Promise<Reply<Word>> {
  const keys = saleKeys(saleId);
  const startedAtMs = performance.now();
  try {
    return (await onShard(redis, saleId, (shard) => evaluate(shard, script, keys, args))) as Reply<Word>;
  } catch (error) {
    throw classify(script, error);
  } finally {
    watchers.get(redis)?.(script.name, (performance.now() - startedAtMs) / 1_000);
  }
}

async function evaluate(
  shard: Redis,
  { sha, text }: Script<string>,
  keys: string[],
  args: (string | number)[],
): Promise<unknown> {
  try {
    return await shard.call('EVALSHA', [sha, keys.length, ...keys, ...args]);
  } catch (error) {
    // A restarted Redis has no scripts. NOSCRIPT means that nothing ran.
    if (!isReplyError(error) || !error.message.startsWith('NOSCRIPT')) throw error;
    return shard.call('EVAL', [text, keys.length, ...keys, ...args]);
  }
}

function classify(script: Script<string>, error: unknown): Error {
  if (error instanceof StoreUnavailable) return error;
  if (isReplyError(error) && !UNAVAILABLE.test(error.message)) {
    return new Error(`lua/${script.name}.lua failed: ${error.message}`, { cause: error });
  }
  return new StoreUnavailable('redis', error, !(error instanceof Error && NEVER_SENT.test(error.message)));
}

function isReplyError(error: unknown): error is Error {
  return error instanceof ReplyError;
}

/** A flat reply of pairs. */
export function pairs(values: readonly unknown[]): [unknown, unknown][] {
  const result: [unknown, unknown][] = [];
  for (let index = 0; index + 1 < values.length; index += 2) result.push([values[index], values[index + 1]]);
  return result;
}
