import { expect, test } from 'bun:test';
import { readReadme, withKeys } from './key-table.ts';

test('the README has the keys and commands of the terminal as they are; `bun run keys` writes them', async () => {
  const readme = await readReadme();
  expect(withKeys(readme)).toBe(readme);
});
