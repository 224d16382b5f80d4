import { describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { panelsOf, readBoards } from '../test/boards.ts';
import type { Board, Panel } from './board-json.ts';
import { drawBoard, type Data } from './board-picture.ts';
import type { Shown } from './field.ts';
import { widthOf } from './svg.ts';

const FROM = 1_795_700_000;
const LONG = 'a-name-that-nobody-thought-of-when-the-panel-was-made';

/** As many series as a busy installation has, from nothing to a lot. */
function shownIn({ targets = [] }: Panel): Shown[] {
  return targets.flatMap(({ refId, legendFormat = '' }) =>
    ['0.001', '0.25', '+Inf'].map((le, series) => ({
      refId,
      name: legendFormat.replaceAll(/\{\{\w+\}\}/g, LONG),
      labels: { le, route: `/api/${LONG}`, instance: `10.0.0.${series}:8001` },
      points: Array.from({ length: 60 }, (_, at) => [FROM + at * 2, at ** series * 1_234.5678] as const),
    })),
  );
}

const DATA: Data = { time: { from: FROM, to: FROM + 120 }, shownIn, caption: `A caption with ${LONG}` };

/** Of each panel by its title: the words in it that go beyond its sides. */
function overflowing(svg: string): string[] {
  const panels = svg.matchAll(/<svg [^>]*width="([\d.]+)"[^>]*aria-label="([^"]*)">(.*?)<\/svg>/g);
  return [...panels].flatMap(([, width, title, content = '']) =>
    [...content.matchAll(/<text x="([\d.-]+)"[^>]*font-size="([\d.]+)"([^>]*)>([^<]*)</g)]
      .filter(([, x, size, attributes = '', escaped = '']) => {
        const words = escaped.replaceAll(/&\w+;/g, '&');
        const wide = widthOf(words, Number(size), attributes.includes('font-weight'));
        const part = attributes.includes('"end"') ? 1 : attributes.includes('"middle"') ? 0.5 : 0;
        const left = Number(x) - part * wide;
        return left < 0 || left + wide > Number(width);
      })
      .map(([, , , , words]) => `${title}: ${words}`),
  );
}

describe('a board can be drawn, with words that stay inside of their panels', () => {
  for (const board of readBoards()) {
    test(board.title, () => {
      const svg = drawBoard(board, DATA);
      expect(svg.match(/aria-label="/g)).toHaveLength(panelsOf(board).length);
      expect(svg).not.toMatch(/NaN|undefined|Infinity/);
      expect(overflowing(svg)).toEqual([]);
    });
    test(`${board.title}: before anybody knows anything`, () => {
      const svg = drawBoard(board, { ...DATA, shownIn: () => [] });
      expect(svg).not.toMatch(/NaN|undefined|Infinity/);
      expect(overflowing(svg)).toEqual([]);
    });
  }
});

test('words that are too long are found', () => {
  const frame = (x: number) =>
    `<svg x="0" y="0" width="100" height="50" aria-label="A"><text x="${x}" y="9" font-size="12" fill="red">${'w'.repeat(8)}</text></svg>`;
  expect(overflowing(frame(2))).toEqual([]);
  expect(overflowing(frame(20))).toEqual(['A: wwwwwwww']);
});

test("the README's picture is of the operator's board as it is", async () => {
  const [operator] = readBoards().filter(({ uid }: Board) => uid === 'flashsale-operator');
  const svg = await Bun.file(join(import.meta.dir, 'operator.svg')).text();
  const drawn = [...svg.matchAll(/aria-label="([^"]*)"/g)].map(([, title = '']) => title);
  expect(drawn).toEqual(panelsOf(operator ?? { panels: [] }).map(({ title }) => title));
  expect(svg.length).toBeLessThan(150_000);
});
