/** A list that is read from the API page by page, as far as the operator goes. */

import type { Answer } from '../api.ts';
import type { Desk } from '../desk.ts';
import type { View } from '../rooms/room.ts';
import { listName, listOf, type State } from '../state/state.ts';
import { selectedIndex } from './list-state.ts';
import {
  NOTHING,
  united,
  withNewest,
  withOlder,
  type Kind,
  type Page,
  type Part,
  type ServerList,
} from './pages.ts';
import { shownRows } from './shown-rows.ts';

export interface Source<Row, Query extends object> extends Kind<Row> {
  /** As `listName` has it. */
  readonly name: string;
  of(state: State): ServerList<Row>;
  put(state: State, list: ServerList<Row>): State;
  /** What the API can look for of a filter; `{}` for nothing. It may find more than the filter lets through. */
  queryOf(filter: string): Query;
  page(desk: Desk, query: Query & { cursor?: string; limit: string }): Promise<Answer<Page<Row>>>;
}

const LIMIT = '100';

const EMPTY_QUERY = '{}';

/** A list with its reader. */
export function serverList<Row, Query extends object>(source: Source<Row, Query>) {
  let latest: { list: ServerList<Row>; isSearch: boolean; rows: readonly Row[] } | undefined;
  return {
    rows(state: State): readonly Row[] {
      const list = source.of(state);
      const isSearch = list.found !== null && wantedQuery(source, state) !== EMPTY_QUERY;
      if (latest?.list !== list || latest.isSearch !== isSearch) {
        latest = { list, isSearch, rows: isSearch ? united(source, list) : list.newest.rows };
      }
      return latest.rows;
    },
    read: (desk: Desk) => readNewest(source, desk),
    loadOlder: (desk: Desk) => readOlder(source, desk),
    hasOlder: (state: State) => (source.of(state).found?.older ?? source.of(state).newest.older) !== null,
    /** Whether the API has not yet said what it has for the filter. */
    isAsking: (state: State) => isAsking(source, state),
    /** Once a second: follows what is told and what is typed, and goes on where the operator came to the end. */
    turn(desk: Desk, view: View<Row>) {
      const state = desk.store.get();
      if (listName(state) !== source.name) return;
      const { behind, isReading } = source.of(state);
      if (isReading) return;
      if (behind !== 'no' || isAsking(source, state)) void readNewest(source, desk);
      else if (isAtEnd(state, view)) void readOlder(source, desk);
    },
  };
}

function isAsking<Row>(source: Source<Row, object>, state: State): boolean {
  return (source.of(state).found?.query ?? EMPTY_QUERY) !== wantedQuery(source, state);
}

/** The first page of both parts. */
async function readNewest<Row, Query extends object>(source: Source<Row, Query>, desk: Desk): Promise<void> {
  const wanted = wantedQuery(source, desk.store.get());
  const { behind } = source.of(desk.store.get());
  const known = (part: Part<Row>): Part<Row> => (behind === 'lost' ? NOTHING : part);
  change(source, desk, (list) => ({ ...list, behind: 'no', isReading: true }));
  const [newest, found] = await Promise.all([
    source.page(desk, { ...source.queryOf(''), limit: LIMIT }),
    wanted === EMPTY_QUERY ? null : source.page(desk, { ...queryNamed<Query>(wanted), limit: LIMIT }),
  ]);
  change(source, desk, (before) => {
    const list = { ...before, isReading: false };
    const again = behind === 'lost' ? behind : 'new';
    if (!newest.ok) return { ...list, fault: newest.message, behind: again };
    if (found?.ok === false) return { ...list, fault: found.message, behind: again };
    const foundBefore = list.found?.query === wanted ? known(list.found) : NOTHING;
    return {
      ...list,
      fault: '',
      newest: withNewest(source, known(list.newest), newest.data),
      found: found === null ? null : { query: wanted, ...withNewest(source, foundBefore, found.data) },
    };
  });
}

/** The page after the last row: of what was found while there is more of it. */
async function readOlder<Row, Query extends object>(source: Source<Row, Query>, desk: Desk): Promise<void> {
  const { newest, found } = source.of(desk.store.get());
  const isOfFound = found !== null && found.older !== null;
  const cursor = isOfFound ? found.older : newest.older;
  if (cursor === null) return;
  const query = isOfFound ? queryNamed<Query>(found.query) : source.queryOf('');
  change(source, desk, (list) => ({ ...list, isReading: true }));
  const answer = await source.page(desk, { ...query, cursor, limit: LIMIT });
  change(source, desk, (before) => {
    const list = { ...before, isReading: false };
    if (!answer.ok) return { ...list, fault: answer.message };
    // Whoever asked twice is answered once, and whoever looks for something else now is not answered.
    if (isOfFound && list.found?.query === found.query && list.found.older === cursor) {
      return { ...list, found: { query: found.query, ...withOlder(list.found, answer.data) } };
    }
    const isNext = !isOfFound && list.newest.older === cursor;
    return isNext ? { ...list, newest: withOlder(list.newest, answer.data) } : list;
  });
}

function change<Row>(
  source: Source<Row, object>,
  { store }: Desk,
  work: (list: ServerList<Row>) => ServerList<Row>,
): void {
  store.set((state) => source.put(state, work(source.of(state))));
}

/** Queries are compared as text. */
function wantedQuery(
  source: { readonly name: string; queryOf(filter: string): object },
  state: State,
): string {
  return JSON.stringify(source.queryOf(filterOf(state, source.name)));
}

function queryNamed<Query>(text: string): Query {
  return JSON.parse(text) as Query;
}

function filterOf(state: State, name: string): string {
  return name === listName(state) ? listOf(state).filter : (state.lists[name]?.filter ?? '');
}

/** On the last row of more than a screen: not where a filter leaves a few. */
function isAtEnd<Row>(state: State, view: View<Row>): boolean {
  const list = listOf(state);
  const { ids } = shownRows(state, view);
  return list.frozen === null && ids.length > state.rows && selectedIndex(list, ids) === ids.length - 1;
}
