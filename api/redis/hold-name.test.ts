import { describe, expect, test } from 'bun:test';
import { newHoldId } from '../holds/hold-id.ts';
import { ScriptSales } from '../test/script-sales.ts';
import { holdIdOf, holdName } from './hold-name.ts';
import { pinHold, readHold, releaseHold } from './hold-scripts.ts';

describe('the name of a hold', () => {
  test('is what is random in its id, as base64url writes it', () => {
    const id = '00000007-0000-8abc-8def-0123456789ab';
    expect(holdName(id)).toBe('q83vASNFZ4mr');
    expect(holdName(id)).toBe(Buffer.from('abcdef0123456789ab', 'hex').toString('base64url'));
    expect(holdIdOf(7, 'q83vASNFZ4mr')).toBe(id);
  });

  test('stands for one id of its sale', () => {
    for (const saleId of [1, 4_294_967_295]) {
      const ids = Array.from({ length: 2_000 }, () => newHoldId(saleId));
      const names = ids.map(holdName);
      expect(new Set(names).size).toBe(ids.length);
      expect(names.every((name) => /^[\w-]{12}$/.test(name))).toBe(true);
      expect(names.map((name) => holdIdOf(saleId, name))).toEqual(ids);
    }
  });

  test('of an id in another form is the id: holds of an older version, and whatever anybody asks for', () => {
    const others = [
      '00000007-1234-8abc-8def-0123456789ab',
      '00000007-0000-8abc-9def-0123456789ab',
      '00000007-0000-8abC-8def-0123456789ab',
      '00000007-0000-8abc-8def-0123456789ab0',
      '00000007-0000-8abc-8def_0123456789ab',
      'not an id',
      '',
    ];
    for (const id of others) {
      expect(holdName(id)).toBe(id);
      expect(holdIdOf(7, id)).toBe(id);
    }
  });
});

describe('a hold of an older version', () => {
  test('lives on: it is read, released, pinned and kept by its id', async () => {
    const sales = await ScriptSales.open();
    try {
      const saleId = await sales.armed();
      const older = () => `${newHoldId(saleId).slice(0, 9)}1234${newHoldId(saleId).slice(13)}`;
      const [released, ordered] = [older(), older()];
      for (const holdId of [released, ordered]) await sales.hold(saleId, { holdId });
      // Under the id itself, where an older version would have put it.
      expect(await sales.redis.hexists(sales.key(saleId, 'holds'), released)).toBe(1);
      expect(await readHold(sales.redis, saleId, released)).toMatchObject({ state: 'held' });
      expect(await releaseHold(sales.redis, saleId, released)).toEqual({ kind: 'released' });
      expect(await pinHold(sales.redis, saleId, ordered)).toMatchObject({ kind: 'pinned' });
      const begun = await sales.begin(saleId, sales.snapshot());
      expect(begun).toMatchObject({ kind: 'begun', holdIds: [ordered] });
    } finally {
      await sales.close();
    }
  });
});
