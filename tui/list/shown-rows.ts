/** The rows of a view as its list shows them: frozen, filtered, sorted. Worked out once per change. */

import type { View } from '../rooms/room.ts';
import { listOf, type State } from '../state/state.ts';
import { matches, parseFilter } from './filter.ts';
import { chosenIds, selectedIndex, type ListState, type Sort } from './list-state.ts';

export interface Shown {
  readonly rows: readonly unknown[];
  readonly ids: readonly string[];
  /** Without the filter. */
  readonly total: number;
  /** Rows that came since the list was frozen. */
  readonly arrived: number;
}

interface Worked extends Shown {
  readonly from: readonly unknown[];
  readonly list: Pick<ListState, 'filter' | 'sort' | 'frozen'>;
}

const latest = new WeakMap<View<unknown>, Worked>();

export function shownRows(state: State, view: View<unknown>): Shown {
  const from = view.rows(state);
  const list = listOf(state);
  const known = latest.get(view);
  if (known !== undefined && known.from === from && isSame(known.list, list)) return known;
  const terms = parseFilter(list.filter);
  const keep = (rows: readonly unknown[]) =>
    terms.length === 0 ? rows : rows.filter((row) => matches(terms, view.fields(row)));
  const all = list.frozen ?? from;
  const kept = keep(all);
  const sorted = list.sort === null ? kept : sortRows(view, kept, list.sort);
  const rows = list.frozen === null ? sorted : asNow(view, sorted, from);
  const arrived = list.frozen === null ? 0 : keep(without(view, from, list.frozen)).length;
  const ids = rows === from && view.ids !== undefined ? view.ids(state) : rows.map((row) => view.idOf(row));
  const worked = { from, list, rows, ids, total: all.length, arrived };
  latest.set(view, worked);
  return worked;
}

/** The row that an operator is at. The view must be the one that is shown. */
export function selectedRow<Row>(state: State, view: View<Row>): Row | undefined {
  const { rows, ids } = shownRows(state, view);
  return rows[selectedIndex(listOf(state), ids)] as Row | undefined;
}

/** The rows that an action is about: the marked ones that are shown, else the selected one. Of the view that is shown. */
export function chosenRows<Row>(state: State, view: View<Row>): readonly Row[] {
  const { rows, ids } = shownRows(state, view);
  const chosen = new Set(chosenIds(listOf(state), ids));
  return rows.filter((_, index) => chosen.has(ids[index] ?? '')) as Row[];
}

/** Why there are none although there are rows; null when there are some. */
export function whyNoneChosen<Row>(state: State, view: View<Row>): string | null {
  const list = listOf(state);
  if (list.marks.size === 0 || chosenIds(list, shownRows(state, view).ids).length > 0) return null;
  return 'None of the marked rows is here any more, or the filter hides them. Escape clears the marks.';
}

function isSame(one: Worked['list'], other: Worked['list']): boolean {
  return one.filter === other.filter && one.sort === other.sort && one.frozen === other.frozen;
}

/** What is frozen is which rows, and their order; each says what it is now, where it still is. */
function asNow(view: View<unknown>, rows: readonly unknown[], from: readonly unknown[]) {
  const now = new Map(from.map((row) => [view.idOf(row), row]));
  return rows.map((row) => now.get(view.idOf(row)) ?? row);
}

function without(view: View<unknown>, rows: readonly unknown[], known: readonly unknown[]) {
  const ids = new Set(known.map((row) => view.idOf(row)));
  return rows.filter((row) => !ids.has(view.idOf(row)));
}

function sortRows(view: View<unknown>, rows: readonly unknown[], sort: Sort) {
  const column = view.columns.find(({ name }) => name === sort.column);
  if (column?.sortBy === undefined) return rows;
  const keyed = rows.map((row) => ({ row, key: column.sortBy?.(row) ?? '' }));
  const turn = sort.isDescending ? -1 : 1;
  keyed.sort((one, other) => turn * compare(one.key, other.key));
  return keyed.map(({ row }) => row);
}

function compare(one: number | string, other: number | string): number {
  if (typeof one === 'number' && typeof other === 'number') return one - other;
  return String(one).localeCompare(String(other));
}
