import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import {
  chosenIds,
  moveBy,
  NEW_LIST,
  selectAt,
  selectedIndex,
  toggleAllMarks,
  toggleMark,
  windowOf,
} from './list-state.ts';

const IDS = ['a', 'b', 'c', 'd', 'e', 'f'];
const anyIds = fc.uniqueArray(fc.integer({ min: 0, max: 60 }).map(String), { maxLength: 50 });
const anyDelta = fc.oneof(fc.integer({ min: -70, max: 70 }), fc.constantFrom(-Infinity, Infinity));

test('whatever moves, the selected row is seen and the window is full', () => {
  const step = fc.record({ ids: anyIds, delta: anyDelta, rows: fc.integer({ min: 1, max: 20 }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
      let list = NEW_LIST;
      for (const { ids, delta, rows } of steps) {
        // The list has moved under the cursor, and then the cursor moves.
        for (const now of [list, moveBy(list, ids, delta, rows)]) {
          const { first, end, selected } = windowOf(now, ids, rows);
          expect(end - first).toBe(Math.min(rows, ids.length));
          if (ids.length === 0) expect(selected).toBe(-1);
          else {
            expect(selected).toBeGreaterThanOrEqual(first);
            expect(selected).toBeLessThan(end);
          }
          list = now;
        }
      }
    }),
  );
});

describe('the selected row', () => {
  const list = selectAt(NEW_LIST, IDS, 2, 3);

  test('is the same one in any order', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(IDS, { minLength: 6 }), (ids) => {
        expect(ids[selectedIndex(list, ids)]).toBe('c');
      }),
    );
  });

  test('is what took its place when it is gone, and itself when it is back', () => {
    expect(selectedIndex(list, ['a', 'b', 'd', 'e'])).toBe(2);
    expect(selectedIndex(list, ['a'])).toBe(0);
    expect(selectedIndex(list, [])).toBe(-1);
    expect(selectedIndex(list, ['c', 'a'])).toBe(0);
  });

  test('does not scroll the list before it has to', () => {
    let now = selectAt(NEW_LIST, IDS, 0, 3);
    const firsts = Array.from({ length: 5 }, () => (now = moveBy(now, IDS, 1, 3)).firstShown);
    expect(firsts).toEqual([0, 0, 1, 2, 3]);
    const back = Array.from({ length: 5 }, () => (now = moveBy(now, IDS, -1, 3)).firstShown);
    expect(back).toEqual([3, 3, 2, 1, 0]);
  });
});

test('marks: what is chosen are the marked ones that are shown, else the selected one', () => {
  const list = selectAt(NEW_LIST, IDS, 2, 3);
  expect(chosenIds(list, IDS)).toEqual(['c']);
  const marked = toggleMark(toggleMark(list, 'a'), 'e');
  expect(chosenIds(marked, IDS)).toEqual(['a', 'e']);
  expect(chosenIds(marked, ['e', 'f'])).toEqual(['e']);
  // Of marks whose rows are gone nothing is left: another row was never meant.
  expect(chosenIds(marked, ['c', 'd'])).toEqual([]);
  expect(chosenIds(toggleMark(toggleMark(marked, 'a'), 'e'), IDS)).toEqual(['c']);
  expect([...toggleAllMarks(marked, IDS).marks]).toEqual(IDS);
  expect(toggleAllMarks(toggleAllMarks(marked, IDS), IDS).marks.size).toBe(0);
  expect(chosenIds(NEW_LIST, [])).toEqual([]);
});
