/** A Redis client through which the scripts arrive with one guard removed. The stored scripts stay as they are. */

import type { Redis } from 'ioredis';

/** What a mutant removes, by the text of the script. */
export interface Cut {
  /** As its first line says it: `place_holds`. The prelude is `sale`: it is in front of every script. */
  readonly script: string;
  readonly from: string;
  readonly to: string;
}

/** @throws when the text to cut is not there exactly once: the mutant would be none */
function mutate(text: string, { script, from, to }: Cut): string {
  // Each part of a text begins with its name: first the prelude, then the script itself.
  const parts = text.split(/^(?=-- [a-z_]+: )/m);
  const at = parts.findIndex((part) => part.startsWith(`-- ${script}: `));
  const part = parts[at];
  if (part === undefined) return text;
  const times = part.split(from).length - 1;
  if (times !== 1) throw new Error(`lua/${script}.lua has "${from}" ${times} times, not once`);
  return parts
    .with(
      at,
      part.replace(from, () => to),
    )
    .join('');
}

export interface MutantRedis {
  readonly redis: Redis;
  /** Whether the mutated script ran at all. */
  readonly isUsed: () => boolean;
}

type Call = (command: string, args: (string | number)[]) => Promise<unknown>;

/** Scripts are known to Redis by the hash of their text, so a mutant never runs in place of the real one. */
export function mutantRedis(redis: Redis, cut: Cut): MutantRedis {
  const shaOfMutant = new Map<unknown, string>();
  const textOfScript = new Map<unknown, string>();
  let isUsed = false;
  const real: Call = (command, args) => redis.call(command, args);
  const call: Call = async (command, args) => {
    const [script, ...rest] = args;
    const sha = shaOfMutant.get(script);
    if (command === 'EVALSHA' && sha !== undefined) return real('EVALSHA', [sha, ...rest]);
    // The first call of each script: say that it is not known, to see its text.
    if (command === 'EVALSHA' && !textOfScript.has(script)) return real('EVALSHA', ['0'.repeat(40), ...rest]);
    if (command !== 'EVAL') return real(command, args);
    const text = String(script);
    const mutated = mutate(text, cut);
    isUsed ||= mutated !== text;
    const original = sha1(text);
    textOfScript.set(original, text);
    shaOfMutant.set(original, sha1(mutated));
    return real('EVAL', [mutated, ...rest]);
  };
  const proxy = new Proxy(redis, {
    get(target, name) {
      if (name === 'call') return call;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  return { redis: proxy, isUsed: () => isUsed };
}

function sha1(text: string): string {
  return new Bun.CryptoHasher('sha1').update(text).digest('hex');
}
