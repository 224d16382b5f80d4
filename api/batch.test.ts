import { describe, expect, test } from 'bun:test';
import { StoreUnavailable } from './store-unavailable.ts';
import { Batcher } from './batch.ts';

describe('a batcher', () => {
  test('makes one call of all that arrive in one turn, and answers each its own', async () => {
    const sent: string[][] = [];
    const batcher = new Batcher<string, string>(10, async (_key, items) => {
      sent.push(items);
      return items.map((item) => item.toUpperCase());
    });
    const answers = await Promise.all(['a', 'b', 'c'].map((item) => batcher.call(1, item)));
    expect(answers).toEqual(['A', 'B', 'C']);
    expect(sent).toEqual([['a', 'b', 'c']]);
  });

  test('keeps keys apart and splits what is too large', async () => {
    const sent: [number, string[]][] = [];
    const batcher = new Batcher<string, string>(2, async (key, items) => {
      sent.push([key, items]);
      return items;
    });
    await Promise.all([
      batcher.call(1, 'a'),
      batcher.call(2, 'b'),
      batcher.call(1, 'c'),
      batcher.call(1, 'd'),
    ]);
    expect(sent.sort(([a], [b]) => a - b)).toEqual([
      [1, ['a', 'c']],
      [1, ['d']],
      [2, ['b']],
    ]);
  });

  test('never answers with something older than the question', async () => {
    let value = 0;
    const batcher = new Batcher<null, number>(10, async (_key, items) => {
      const read = value;
      await Bun.sleep(1);
      return items.map(() => read);
    });
    const before = batcher.call(1, null);
    value = 1;
    const after = batcher.call(1, null);
    expect(await before).toBe(1);
    expect(await after).toBe(1);
  });

  test('lets so many of a key be under way, and what comes meanwhile leaves together', async () => {
    const sent: string[][] = [];
    const answers = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const;
    const batcher = new Batcher<string, string, string>(
      3,
      async (_key, items) => {
        await answers[sent.push(items) - 1]?.promise;
        return items;
      },
      { store: 'redis', atOnce: 1, waitMaxMs: 60_000 },
    );
    const first = batcher.call('sale', 'a');
    await Bun.sleep(0);
    const others = ['b', 'c', 'd', 'e'].map((item) => batcher.call('sale', item));
    await Bun.sleep(1);
    expect(sent).toEqual([['a']]);
    answers[0].resolve();
    expect(await first).toBe('a');
    await Bun.sleep(0);
    expect(sent).toEqual([['a'], ['b', 'c', 'd']]);
    answers[1].resolve();
    expect(await Promise.all(others)).toEqual(['b', 'c', 'd', 'e']);
    expect(sent).toEqual([['a'], ['b', 'c', 'd'], ['e']]);
  });

  test('says with a batch since when its first one waits', async () => {
    const hung = Promise.withResolvers<void>();
    const sinceMs: number[] = [];
    const batcher = new Batcher<string, string>(
      10,
      async (_key, items, waitingSinceMs) => {
        if (sinceMs.push(waitingSinceMs) === 1) await hung.promise;
        return items;
      },
      { store: 'redis', atOnce: 1, waitMaxMs: 60_000 },
    );
    const first = batcher.call(1, 'a');
    await Bun.sleep(0);
    const beforeMs = performance.now();
    const waiting = batcher.call(1, 'b');
    const afterMs = performance.now();
    await Bun.sleep(5);
    const later = batcher.call(1, 'c');
    hung.resolve();
    await Promise.all([first, waiting, later]);
    expect(sinceMs).toHaveLength(2);
    expect(sinceMs[1]).toBeWithin(beforeMs, afterMs + 1);
  });

  test('turns away who waited too long for a batch that hangs, and serves who came later', async () => {
    const hung = Promise.withResolvers<void>();
    const sent: string[][] = [];
    const batcher = new Batcher<string, string>(
      10,
      async (_key, items) => {
        if (sent.push(items) === 1) await hung.promise;
        return items;
      },
      { store: 'redis', atOnce: 1, waitMaxMs: 50 },
    );
    const first = batcher.call(1, 'a');
    await Bun.sleep(0);
    const early = Promise.allSettled([batcher.call(1, 'b'), batcher.call(1, 'c')]);
    await Bun.sleep(60);
    const late = batcher.call(1, 'd');
    hung.resolve();
    expect([await first, await late]).toEqual(['a', 'd']);
    for (const one of await early) {
      expect(one).toMatchObject({ status: 'rejected', reason: { store: 'redis', mayHaveRun: false } });
    }
    expect(sent).toEqual([['a'], ['d']]);
  });

  test('whose store is one for all fails who waits together with what was under way, and asks it for the next', async () => {
    const silence = Promise.withResolvers<string[]>();
    const sent: string[][] = [];
    const batcher = new Batcher<string, string>(
      10,
      async (_key, items) => (sent.push(items) === 1 ? silence.promise : items),
      { store: 'redis', atOnce: 1, waitMaxMs: Number.POSITIVE_INFINITY, failsTogether: true },
    );
    const first = batcher.call(1, 'a').catch((error: unknown) => error);
    await Bun.sleep(0);
    const waiting = batcher.call(1, 'b').catch((error: unknown) => error);
    silence.reject(new StoreUnavailable('redis', 'no answer'));
    expect(await first).toMatchObject({ store: 'redis', mayHaveRun: true });
    expect(await waiting).toMatchObject({ store: 'redis', mayHaveRun: false });
    expect(await batcher.call(1, 'c')).toBe('c');
    expect(sent).toEqual([['a'], ['c']]);
  });

  test('tells every caller of a batch of its failure, and goes on with the next', async () => {
    let isBroken = true;
    const batcher = new Batcher<string, string>(10, async (_key, items) => {
      if (isBroken) throw new Error('away');
      return items;
    });
    const failed = await Promise.allSettled([batcher.call(1, 'a'), batcher.call(1, 'b')]);
    expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    isBroken = false;
    expect(await batcher.call(1, 'c')).toBe('c');
  });
});
