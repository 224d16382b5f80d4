/** The same change of several rows. */

import { isUnanswered } from '../api.ts';
import type { Change, Desk } from '../desk.ts';
import { NEW_LIST } from '../list/list-state.ts';
import { count, counted } from '../look/format.ts';

interface Rows<Row> {
  readonly rows: readonly Row[];
  readonly idOf: (row: Row) => string;
  /** "hold", "released" */
  readonly noun: string;
  readonly done: string;
  /** As `listName` has it: what was tried is not marked there any more. */
  readonly list: string;
}

/** One after the other. Stops when nobody answers: the others would not be answered either. */
export async function changeEach<Row, Data>(
  desk: Desk,
  { rows, idOf, noun, done, list }: Rows<Row>,
  changeOf: (row: Row) => Change<Data>,
): Promise<void> {
  let made = 0;
  let refused = 0;
  for (const row of rows) {
    const answer = await desk.change(changeOf(row));
    if (answer.ok) made += 1;
    else if (isUnanswered(answer)) break;
    else refused += 1;
  }
  if (rows.length === 1) return;
  unmark(desk, list, new Set(rows.map(idOf)));
  const rest = rows.length - made - refused;
  const doubts = [
    ...(refused === 0 ? [] : [`${count(refused)} refused`]),
    ...(rest === 0 ? [] : [`${count(rest)} not answered or not tried`]),
  ];
  const why = doubts.length === 0 ? '' : `; ${doubts.join(', ')}: Activity (5) says why`;
  desk.say(
    `${count(made)} of ${counted(rows.length, noun)} ${done}${why}.`,
    doubts.length === 0 ? 'good' : 'warn',
  );
}

/** Whoever waited for it may be in another room by now. */
function unmark({ store }: Desk, name: string, ids: ReadonlySet<string>): void {
  store.set((state) => {
    const list = state.lists[name] ?? NEW_LIST;
    const marks = new Set([...list.marks].filter((id) => !ids.has(id)));
    return { ...state, lists: { ...state.lists, [name]: { ...list, marks } } };
  });
}
