import { expect, test } from 'bun:test';
import { REFERENCE, reference } from './reference.ts';

test('REFERENCE.md has the keys and commands as they are; `bun run reference` writes them', async () => {
  expect(await Bun.file(REFERENCE).text()).toBe(reference());
});
