/** The keys of the line in which a filter is typed. */

import type { Action } from '../actions/action.ts';
import { listOf, withList } from '../state/state.ts';

const here = { place: 'filter', does: 'looks' } as const;

export const FILTER_ACTIONS: readonly Action[] = [
  {
    ...here,
    id: 'filter.keep',
    keys: ['enter'],
    title: 'Keep the filter',
    hint: 'keep',
    run: ({ store }) =>
      store.set((state) => ({
        ...withList(state, { ...listOf(state), filter: state.filterLine?.text ?? '' }),
        filterLine: null,
      })),
  },
  {
    ...here,
    id: 'filter.clear',
    keys: ['escape', 'ctrl+c'],
    title: 'Show all rows again',
    hint: 'clear',
    run: ({ store }) =>
      store.set((state) => ({ ...withList(state, { ...listOf(state), filter: '' }), filterLine: null })),
  },
];
