/** The keys of the palette. */

import type { Action } from '../actions/action.ts';
import type { Desk } from '../desk.ts';

const here = { place: 'palette', does: 'looks' } as const;

function select({ store }: Desk, by: number): void {
  store.set((state) =>
    state.palette === null
      ? state
      : { ...state, palette: { ...state.palette, selected: state.palette.selected + by } },
  );
}

export const PALETTE_ACTIONS: readonly Action[] = [
  {
    ...here,
    id: 'palette.do',
    keys: ['enter'],
    title: 'Do it',
    hint: 'do it',
    run: (desk) => desk.runFromPalette(),
  },
  {
    ...here,
    id: 'palette.next',
    keys: ['down', 'ctrl+n', 'tab'],
    title: 'Next command',
    hint: 'next',
    run: (desk) => select(desk, 1),
  },
  {
    ...here,
    id: 'palette.previous',
    keys: ['up', 'ctrl+p', 'shift+tab'],
    title: 'Previous command',
    run: (desk) => select(desk, -1),
  },
  {
    ...here,
    id: 'palette.close',
    keys: ['escape', 'ctrl+c'],
    title: 'Close the palette',
    hint: 'close',
    run: ({ store }) => store.set((state) => ({ ...state, palette: null })),
  },
];
