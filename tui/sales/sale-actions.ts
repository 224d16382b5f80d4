/** What operators do to a sale. */

import type { Action } from '../actions/action.ts';
import type { Desk } from '../desk.ts';
import { withRoom, type RoomName } from '../state/state.ts';
import { selectedSale } from './board.ts';
import { CHANGE_ACTIONS } from './change-actions.ts';
import { LAUNCH_ACTIONS } from './launch-actions.ts';
import { NEW_SALE_ACTIONS } from './new-sale-actions.ts';
import { NO_SALE, VERB_ACTIONS } from './verb-actions.ts';

function goTo(desk: Desk, room: RoomName): void {
  desk.store.set((state) => {
    const row = selectedSale(state);
    return row === undefined ? state : withRoom({ ...state, saleId: row.sale.id }, room);
  });
  desk.reload();
}

const WAYS: readonly Action[] = [
  {
    id: 'sale.holds',
    keys: ['enter'],
    place: 'sales',
    does: 'looks',
    title: 'Its holds',
    hint: 'holds',
    reason: (state) => (selectedSale(state) === undefined ? NO_SALE : null),
    run: (desk) => goTo(desk, 'holds'),
  },
  {
    id: 'sale.orders',
    keys: ['o'],
    place: 'sales',
    does: 'looks',
    title: 'Its orders',
    hint: 'orders',
    reason: (state) => (selectedSale(state) === undefined ? NO_SALE : null),
    run: (desk) => goTo(desk, 'orders'),
  },
];

export const SALE_ACTIONS: readonly Action[] = [
  ...NEW_SALE_ACTIONS,
  ...LAUNCH_ACTIONS,
  ...WAYS,
  ...CHANGE_ACTIONS,
  ...VERB_ACTIONS,
];
