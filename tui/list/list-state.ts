/** Where an operator is in a list. Rows are known by their ids: the list may move under the cursor. */

export interface Sort {
  readonly column: string;
  readonly isDescending: boolean;
}

export interface ListState {
  readonly selectedId: string | null;
  /** Where the selected row was: what takes its place is selected when it is gone. */
  readonly selectedIndex: number;
  readonly firstShown: number;
  readonly filter: string;
  /** Null: as the room has it. */
  readonly sort: Sort | null;
  readonly marks: ReadonlySet<string>;
  /** All rows of the view as they were when the list was frozen; null while it is live. */
  readonly frozen: readonly unknown[] | null;
}

export const NEW_LIST: ListState = {
  selectedId: null,
  selectedIndex: 0,
  firstShown: 0,
  filter: '',
  sort: null,
  marks: new Set(),
  frozen: null,
};

/** The index of the selected row; -1 when there is none. */
export function selectedIndex(list: ListState, ids: readonly string[]): number {
  if (ids.length === 0) return -1;
  const index = list.selectedId === null ? -1 : placeOf(list, ids);
  return index === -1 ? Math.min(list.selectedIndex, ids.length - 1) : index;
}

/** Most often it is where it was. */
function placeOf({ selectedId, selectedIndex: was }: ListState, ids: readonly string[]): number {
  return ids[was] === selectedId ? was : ids.indexOf(selectedId ?? '');
}

export interface Window {
  readonly first: number;
  /** Not included. */
  readonly end: number;
  readonly selected: number;
}

/** The rows that are shown: as they were, moved only as far as the selected one needs it. */
export function windowOf(list: ListState, ids: readonly string[], rows: number): Window {
  const selected = selectedIndex(list, ids);
  const last = Math.max(0, ids.length - rows);
  const first = Math.min(
    last,
    Math.max(selected - rows + 1, Math.min(list.firstShown, Math.max(0, selected))),
  );
  return { first, end: Math.min(ids.length, first + rows), selected };
}

/** Selects the row at an index, or the nearest there is. */
export function selectAt(list: ListState, ids: readonly string[], index: number, rows: number): ListState {
  const at = Math.max(0, Math.min(ids.length - 1, index));
  const moved = { ...list, selectedId: ids[at] ?? null, selectedIndex: at };
  return { ...moved, firstShown: windowOf(moved, ids, rows).first };
}

export function moveBy(list: ListState, ids: readonly string[], delta: number, rows: number): ListState {
  return selectAt(list, ids, selectedIndex(list, ids) + delta, rows);
}

export function toggleMark(list: ListState, id: string): ListState {
  const marks = new Set(list.marks);
  if (!marks.delete(id)) marks.add(id);
  return { ...list, marks };
}

/** All of the shown rows, or none when all of them are marked already. */
export function toggleAllMarks(list: ListState, ids: readonly string[]): ListState {
  const areAllMarked = ids.length > 0 && ids.every((id) => list.marks.has(id));
  return { ...list, marks: new Set(areAllMarked ? [] : ids) };
}

/** The marked rows that are shown, else the selected one: never another one than what was marked. */
export function chosenIds(list: ListState, ids: readonly string[]): readonly string[] {
  if (list.marks.size > 0) return ids.filter((id) => list.marks.has(id));
  const id = ids[selectedIndex(list, ids)];
  return id === undefined ? [] : [id];
}
