/** Orders: found, followed, and what is owed back. */

import type { OperatedOrder } from '@flash-sale/shared/contracts/operator-order.ts';
import { answerOf } from '../api.ts';
import type { Desk } from '../desk.ts';
import { selectedRow } from '../list/shown-rows.ts';
import { latestRead } from '../rooms/latest-read.ts';
import type { Room } from '../rooms/room.ts';
import type { State } from '../state/state.ts';
import { orderList, ordersView } from './orders-view.ts';
import { isToldOf, withEvents } from './orders-slice.ts';
import { readRefunds, refundsView } from './refunds-view.ts';

export const ordersRoom: Room = {
  name: 'orders',
  title: 'Orders',
  views: [ordersView, refundsView],
  badge: ({ overview }) => (overview?.refunds_due ? `${overview.refunds_due} owed` : ''),
  async read(desk) {
    await Promise.all([orderList.read(desk), readRefunds(desk), readHistory(desk)]);
  },
  detailed(desk) {
    void readHistory(desk);
  },
  heard(desk, events) {
    desk.store.set((state) => {
      const orders = withEvents(state.orders, events);
      return orders === state.orders ? state : { ...state, orders };
    });
    const id = detailedId(desk.store.get());
    const isGap = events.some(({ type }) => type === 'gap' || type === 'dropped');
    if (id !== null && (isGap || isToldOf(id, events))) void readHistory(desk);
  },
  turn(desk) {
    const { room, views, orders } = desk.store.get();
    if (room !== 'orders') return;
    if (views.orders === refundsView.name && orders.refunds.isBehind) void readRefunds(desk);
    orderList.turn(desk, ordersView);
  },
};

/** The order whose details are on the screen. */
function detailedId(state: State): string | null {
  if (state.room !== 'orders' || state.details.orders === 'closed') return null;
  return selectedOrder(state)?.order_id ?? null;
}

/** The order that the operator is at, in either list. */
export function selectedOrder(state: State): OperatedOrder | null {
  return state.views.orders === refundsView.name
    ? (selectedRow(state, refundsView)?.order ?? null)
    : (selectedRow(state, ordersView) ?? null);
}

const beginHistory = latestRead();

async function readHistory({ api, store }: Desk): Promise<void> {
  const id = detailedId(store.get());
  if (id === null) return;
  const isLatest = beginHistory(store);
  const answer = await answerOf(api.orders({ id }).get());
  if (!isLatest()) return;
  store.set((state) => {
    // Whoever went on meanwhile looks at another one.
    if (detailedId(state) !== id) return state;
    const orders = answer.ok
      ? { ...state.orders, history: answer.data, historyFault: '' }
      : { ...state.orders, historyFault: answer.message };
    return { ...state, orders };
  });
}
