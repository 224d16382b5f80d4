import { expect, test } from 'bun:test';
import { blocksOf } from './page.ts';

const page = (...lines: string[]) => ['# A page', ...lines, ''].join('\n');

test('a page is read as its steps: what is typed, and what is seen then', () => {
  const text = page(
    '```sh',
    'one \\',
    '  more',
    '# → a',
    '# → b',
    'two',
    '```',
    '  ```sh docker',
    '  three',
    '  ```',
  );
  expect(blocksOf(text)).toEqual([
    {
      needs: null,
      steps: [
        { line: 3, types: 'one \\\n  more', sees: ['a', 'b'] },
        { line: 7, types: 'two', sees: [] },
      ],
    },
    { needs: 'docker', steps: [{ line: 10, types: 'three', sees: [] }] },
  ]);
});

test.each([
  [['```bash', 'one', '```'], 'line 2: nobody types such a fence'],
  [['```sh docker later', 'one', '```'], 'line 2: nobody types such a fence'],
  [['```sh', 'one'], 'line 2: the fence has no end'],
  [['```sh', '# → a', 'one', '```'], 'line 3: nothing was typed before it'],
])('what would be passed over in silence is refused: %p', (lines, says) => {
  expect(() => blocksOf(page(...lines))).toThrow(says);
});
