/** The keys of every list. */

import type { Action } from '../actions/action.ts';
import type { Desk } from '../desk.ts';
import { detailOf } from '../frame/detail.ts';
import { layoutOf, type Layout } from '../frame/layout.ts';
import { roomOf, viewOf } from '../rooms/rooms.ts';
import { listOf, withList, type DetailSize, type State } from '../state/state.ts';
import { textInput } from '../dialogs/text-input.ts';
import { textOf } from '../look/span.ts';
import { safe } from '../look/text.ts';
import { moveBy, selectAt, toggleAllMarks, toggleMark, type ListState } from './list-state.ts';

const here = { place: 'list', does: 'looks' } as const;

function layoutNow(desk: Desk): Layout {
  const frame = desk.frame();
  return layoutOf(frame, viewOf(frame.state));
}

function change(desk: Desk, work: (list: ListState, layout: Layout) => ListState): void {
  const layout = layoutNow(desk);
  desk.store.set((state) => withList(state, work(listOf(state), layout)));
}

/** Where the detail fills the screen, what moves is the detail. */
function move(desk: Desk, rowsOf: (pageRows: number) => number): void {
  const layout = layoutNow(desk);
  const delta = rowsOf(layout.pageRows);
  if (layout.list === null) scroll(desk, delta);
  else {
    desk.store.set((state) => {
      const moved = moveBy(listOf(state), layout.shown.ids, delta, layout.pageRows);
      return { ...withList(state, moved), detailTop: 0 };
    });
  }
}

function scroll(desk: Desk, lines: number): void {
  const frame = desk.frame();
  const view = viewOf(frame.state);
  const detail = detailOf(frame, view, layoutOf(frame, view));
  if (detail === null) return;
  const detailTop = Math.max(0, Math.min(detail.lastTop, detail.top + lines));
  desk.store.set((state) => ({ ...state, detailTop }));
}

const MOVES: readonly Action[] = [
  { ...here, id: 'list.down', keys: ['j', 'down'], title: 'Next row', run: (desk) => move(desk, () => 1) },
  { ...here, id: 'list.up', keys: ['k', 'up'], title: 'Previous row', run: (desk) => move(desk, () => -1) },
  {
    ...here,
    id: 'list.page_down',
    keys: ['pagedown', 'ctrl+f', 'ctrl+d'],
    title: 'A page down',
    run: (desk) => move(desk, (page) => page),
  },
  {
    ...here,
    id: 'list.page_up',
    keys: ['pageup', 'ctrl+b', 'ctrl+u'],
    title: 'A page up',
    run: (desk) => move(desk, (page) => -page),
  },
  {
    ...here,
    id: 'list.first',
    keys: ['g', 'home'],
    title: 'First row',
    run: (desk) => move(desk, () => -Infinity),
  },
  {
    ...here,
    id: 'list.last',
    keys: ['G', 'end'],
    title: 'Last row',
    run: (desk) => move(desk, () => Infinity),
  },
];

const DETAIL: readonly Action[] = [
  {
    ...here,
    id: 'detail.toggle',
    keys: ['d', 'enter'],
    title: 'Show or hide the details of the row',
    hint: 'details',
    run: (desk) => showDetail(desk, (size) => (size === 'closed' ? 'beside' : 'closed')),
  },
  {
    ...here,
    id: 'detail.page',
    keys: ['O'],
    title: 'Details in your pager ($PAGER)',
    run: page,
  },
  {
    ...here,
    id: 'detail.full',
    keys: ['f'],
    title: 'Details on the whole screen, and back',
    run: (desk) => showDetail(desk, (size) => (size === 'full' ? 'beside' : 'full')),
  },
  { ...here, id: 'detail.down', keys: ['J'], title: 'Details down', run: (desk) => scroll(desk, 1) },
  { ...here, id: 'detail.up', keys: ['K'], title: 'Details up', run: (desk) => scroll(desk, -1) },
  {
    ...here,
    id: 'view.next',
    keys: ['tab'],
    title: 'Next list of this tab',
    run: (desk) => turnView(desk, 1),
  },
  {
    ...here,
    id: 'view.previous',
    keys: ['shift+tab'],
    title: 'Previous list of this tab',
    run: (desk) => turnView(desk, -1),
  },
];

const CHOICES: readonly Action[] = [
  {
    ...here,
    id: 'list.filter',
    keys: ['/'],
    title: 'Filter: text, !text, field:value, field>3',
    hint: 'filter',
    takes: 'a filter',
    run: ({ store }, words) =>
      store.set((state) =>
        words === ''
          ? { ...state, filterLine: textInput(listOf(state).filter) }
          : withList(state, { ...listOf(state), filter: words }),
      ),
  },
  {
    ...here,
    id: 'list.mark',
    keys: ['space'],
    title: 'Mark the row, and go on',
    hint: 'mark',
    run: (desk) =>
      change(desk, (list, { shown, window, pageRows }) => {
        const id = shown.ids[window.selected];
        return id === undefined ? list : moveBy(toggleMark(list, id), shown.ids, 1, pageRows);
      }),
  },
  {
    ...here,
    id: 'list.mark_all',
    keys: ['*'],
    title: 'Mark all rows that are shown, or none',
    run: (desk) => change(desk, (list, { shown }) => toggleAllMarks(list, shown.ids)),
  },
  {
    ...here,
    id: 'list.sort',
    keys: ['s'],
    title: 'Sort by a column',
    hint: 'sort',
    takes: 'a column',
    run: sort,
  },
  {
    ...here,
    id: 'list.reverse',
    keys: ['S'],
    title: 'Turn the order around',
    reason: (state) => (listOf(state).sort === null ? 'Sort by a column first, with s.' : null),
    run: (desk) =>
      change(desk, (list) => ({
        ...list,
        sort: list.sort === null ? null : { ...list.sort, isDescending: !list.sort.isDescending },
      })),
  },
  {
    ...here,
    id: 'list.freeze',
    keys: ['p'],
    title: 'Freeze the list while it is read, and back',
    hint: 'freeze',
    run: (desk) =>
      desk.store.set((state) => {
        const list = listOf(state);
        return withList(state, { ...list, frozen: list.frozen === null ? viewOf(state).rows(state) : null });
      }),
  },
  { ...here, id: 'list.copy', keys: ['y'], title: 'Copy: id, JSON, curl', hint: 'copy', run: copy },
  {
    ...here,
    id: 'list.back',
    keys: ['escape'],
    title: 'Back: close, clear the filter, the marks',
    run: back,
  },
];

export const LIST_ACTIONS: readonly Action[] = [...MOVES, ...DETAIL, ...CHOICES];

function withDetail(state: State, size: DetailSize): State {
  return { ...state, details: { ...state.details, [state.room]: size }, detailTop: 0 };
}

/** Whoever reads about a row stays at it, whatever comes above it. */
function showDetail(desk: Desk, sizeAfter: (size: DetailSize) => DetailSize): void {
  change(desk, (list, { shown, window, pageRows }) => selectAt(list, shown.ids, window.selected, pageRows));
  desk.store.set((state) => withDetail(state, sizeAfter(state.details[state.room])));
}

/** As wide as the screen: a pager wraps what is longer. */
function page(desk: Desk): void {
  const frame = desk.frame();
  const view = viewOf(frame.state);
  const { shown, window } = layoutOf(frame, view);
  const row = shown.rows[window.selected];
  if (row === undefined) desk.say('No row is selected.', 'warn');
  else desk.page(view.detail(frame, row, frame.state.columns).map(textOf).join('\n'));
}

function turnView(desk: Desk, by: number): void {
  const { views } = roomOf(desk.store.get());
  desk.store.set((state) => {
    const at = views.findIndex(({ name }) => name === state.views[state.room]);
    const next = views.at((at + by + views.length) % views.length)?.name ?? '';
    return { ...state, views: { ...state.views, [state.room]: next }, detailTop: 0 };
  });
  desk.reload();
}

async function sort(desk: Desk, words: string): Promise<void> {
  const columns = viewOf(desk.store.get()).columns.filter((column) => column.sortBy !== undefined);
  const choices = [
    { label: 'as it comes', value: '' },
    ...columns.map(({ name, title }) => ({ label: title || name, value: name })),
  ];
  const column = words === '' ? await desk.ask.choose({ title: 'Sort by', choices }) : words;
  if (column === null) return;
  if (column !== '' && !columns.some(({ name }) => name === column)) {
    desk.say(`There is no column ${column}: ${columns.map(({ name }) => name).join(', ')}.`, 'warn');
    return;
  }
  change(desk, (list) => ({ ...list, sort: column === '' ? null : { column, isDescending: false } }));
}

async function copy(desk: Desk): Promise<void> {
  const frame = desk.frame();
  const view = viewOf(frame.state);
  const { shown, window } = layoutOf(frame, view);
  const row = shown.rows[window.selected];
  if (row === undefined) {
    desk.say('There is nothing to copy: no row is selected.', 'warn');
    return;
  }
  const copies = view.copies(row, frame.state);
  const choices = copies.map(({ what, text }, index) => ({
    label: what,
    hint: safe(text.replaceAll(/\s+/g, ' ')),
    value: String(index),
  }));
  const chosen = copies.length === 1 ? '0' : await desk.ask.choose({ title: 'Copy', choices });
  const what = chosen === null ? undefined : copies[Number(chosen)];
  if (what !== undefined) desk.copy(what.text, what.what);
}

/** One step back at a time, the latest first. */
function back({ store }: Desk): void {
  store.set((state) => {
    const list = listOf(state);
    if (state.details[state.room] !== 'closed') return withDetail(state, 'closed');
    if (list.frozen !== null) return withList(state, { ...list, frozen: null });
    if (list.marks.size > 0) return withList(state, { ...list, marks: new Set() });
    if (list.filter !== '') return withList(state, { ...list, filter: '' });
    return state;
  });
}
