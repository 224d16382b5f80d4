import { describe, expect, test } from 'bun:test';
import { plain, textOf } from '../look/span.ts';
import type { View } from '../rooms/room.ts';
import type { Frame } from '../state/frames.ts';
import { initialState } from '../state/initial-state.ts';
import { listName, type State } from '../state/state.ts';
import { headerLine, layColumns, rowLine, type Column } from './columns.ts';
import { NEW_LIST, type ListState } from './list-state.ts';
import { chosenRows, shownRows, whyNoneChosen } from './shown-rows.ts';

interface Row {
  readonly id: string;
  readonly units: number;
}

const context = { name: 'test', url: '', color: null, isReadOnly: false, ownsStack: false };
const START = initialState({ context, columns: 80, rows: 24, isReducedMotion: false, isLinear: false });
const frame: Frame = { state: START, nowMs: 0, localMs: 0 };
const COLUMNS: readonly Column<Row>[] = [
  { name: 'id', title: 'Id', width: 4, grows: 1, priority: 0, cell: ({ id }) => id, sortBy: ({ id }) => id },
  {
    name: 'units',
    title: 'Units',
    width: 5,
    align: 'right',
    priority: 1,
    cell: ({ units }) => plain(String(units)),
    sortBy: ({ units }) => units,
  },
  { name: 'note', title: 'Note', width: 6, priority: 2, cell: () => 'a long note' },
];

const listWith = (rows: readonly Row[], list: Partial<ListState> = {}): [State, View<Row>] => [
  { ...START, lists: { [listName(START)]: { ...NEW_LIST, ...list } } },
  { ...view, rows: () => rows },
];
const view: View<Row> = {
  name: 'rows',
  title: 'Rows',
  rows: () => [],
  idOf: ({ id }) => id,
  columns: COLUMNS,
  fields: ({ id, units }) => ({ id, units: String(units) }),
  detail: () => [],
  copies: () => [],
  empty: () => '',
  sentence: () => '',
};
const row = (id: string, units: number): Row => ({ id, units });
const ROWS = [row('a', 2), row('b', 1), row('c', 2), row('d', 10)];

test('an action is about the marked rows that are shown, or it is said why about none', () => {
  const about = (list: Partial<ListState>) => {
    const [state, shown] = listWith(ROWS, list);
    return [chosenRows(state, shown).map(({ id }) => id), whyNoneChosen(state, shown)];
  };
  const marks = new Set(['a', 'b', 'gone']);
  expect(about({ selectedId: 'c', selectedIndex: 2 })).toEqual([['c'], null]);
  expect(about({ marks })).toEqual([['a', 'b'], null]);
  expect(about({ marks, filter: 'id:b' })).toEqual([['b'], null]);
  expect(about({ marks, filter: 'id:d' })).toEqual([[], expect.stringContaining('Escape clears the marks')]);
});

describe('the rows of a list', () => {
  test('are filtered, and sorted by numbers as numbers; equal ones stay in their order', () => {
    expect(shownRows(...listWith(ROWS)).ids).toEqual(['a', 'b', 'c', 'd']);
    const filtered = shownRows(...listWith(ROWS, { filter: 'units:2' }));
    expect(filtered).toMatchObject({ ids: ['a', 'c'], total: 4, arrived: 0 });
    const sort = { column: 'units', isDescending: false };
    expect(shownRows(...listWith(ROWS, { sort })).ids).toEqual(['b', 'a', 'c', 'd']);
    expect(shownRows(...listWith(ROWS, { sort: { ...sort, isDescending: true } })).ids).toEqual([
      'd',
      'a',
      'c',
      'b',
    ]);
    expect(shownRows(...listWith(ROWS, { sort: { column: 'gone', isDescending: false } })).ids).toHaveLength(
      4,
    );
  });

  test('are worked out once while nothing changed', () => {
    const [state, same] = listWith(ROWS);
    const once = shownRows(state, same);
    expect(shownRows({ ...state, columns: 90 }, same)).toBe(once);
    expect(shownRows(listWith(ROWS, { filter: 'a' })[0], same)).not.toBe(once);
  });
});

describe('a frozen list', () => {
  const frozen = ROWS;
  const now = [row('new', 1), row('d', 0), row('b', 5), row('a', 2), row('other', 7)];

  test('keeps its rows and their order, says what they are now, and how many came', () => {
    const shown = shownRows(...listWith(now, { frozen }));
    expect(shown.ids).toEqual(['a', 'b', 'c', 'd']);
    expect(shown.rows).toEqual([row('a', 2), row('b', 5), row('c', 2), row('d', 0)]);
    expect(shown).toMatchObject({ arrived: 2, total: 4 });
  });

  test('keeps the order by which it was sorted, though the numbers change', () => {
    const sort = { column: 'units', isDescending: false };
    expect(shownRows(...listWith(now, { frozen, sort })).ids).toEqual(['b', 'a', 'c', 'd']);
  });

  test('counts what came only where the filter lets it through', () => {
    const shown = shownRows(...listWith(now, { frozen, filter: 'units<3' }));
    expect(shown).toMatchObject({ ids: ['a', 'b', 'c'], arrived: 1, total: 4 });
  });
});

describe('columns', () => {
  test('go by their priority when it is narrow, and share what is left', () => {
    const names = (width: number) => layColumns(COLUMNS, width).map(({ column }) => column.name);
    expect(names(19)).toEqual(['id', 'units', 'note']);
    expect(names(18)).toEqual(['id', 'units']);
    expect(names(10)).toEqual(['id']);
    expect(names(2)).toEqual(['id']);
    expect(layColumns(COLUMNS, 30).map(({ width }) => width)).toEqual([15, 5, 6]);
  });

  test('are aligned, in the title as in the rows', () => {
    const laid = layColumns(COLUMNS, 19);
    expect(textOf(headerLine(laid, null))).toBe('Id    Units  Note  ');
    expect(textOf(rowLine(laid, row('a', 2), frame))).toBe('a         2  a lon…');
  });

  test('say by which of them it is sorted, however narrow', () => {
    const laid = layColumns(COLUMNS, 19);
    expect(textOf(headerLine(laid, { column: 'units', isDescending: true }))).toBe('Id    Un… ▼  Note  ');
    expect(textOf(headerLine(laid, { column: 'id', isDescending: false }))).toBe('Id ▲  Units  Note  ');
  });
});
