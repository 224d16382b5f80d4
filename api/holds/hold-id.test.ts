import { describe, expect, test } from 'bun:test';
import { newHoldId, saleIdOf } from './hold-id.ts';

describe('a hold id', () => {
  test('carries its sale, up to the largest there can be', () => {
    for (const saleId of [1, 7, 4_294_967_295]) expect(saleIdOf(newHoldId(saleId))).toBe(saleId);
  });

  test('is a UUID of version 8 and of the RFC variant', () => {
    expect(newHoldId(1)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  test('is random beyond its sale: 72 bits take both values', () => {
    const ids = Array.from({ length: 200 }, () => BigInt(`0x${newHoldId(0).replaceAll('-', '')}`));
    const or = ids.reduce((all, id) => all | id, 0n);
    const and = ids.reduce((all, id) => all & id, ~0n);
    const changing = (or & ~and).toString(2).replaceAll('0', '').length;
    expect(changing).toBe(72);
  });

  test('of another kind has no sale', () => {
    expect(saleIdOf(crypto.randomUUID())).toBeNull();
    expect(saleIdOf('1')).toBeNull();
    expect(saleIdOf(`${newHoldId(1)}0`)).toBeNull();
  });
});
