/** The board: every sale, and what became of its units. */

import { PAGE_ROWS_MAX } from '@flash-sale/shared/limits.ts';
import { answerOf } from '../api.ts';
import type { Desk } from '../desk.ts';
import { rehearsalView } from '../rehearsal/rehearsal-view.ts';
import { latestRead } from '../rooms/latest-read.ts';
import type { Room } from '../rooms/room.ts';
import { SALE_VIEWS } from './board.ts';
import { saleRows } from './sale-row.ts';
import { nextAtMs } from './sale-words.ts';
import { addHeld, endSecond } from './sales-slice.ts';

export const salesRoom: Room = {
  name: 'sales',
  title: 'Sales',
  views: [...SALE_VIEWS, rehearsalView],
  badge: ({ overview }) => (overview === null ? '' : String(overview.sales.length || '')),
  read: readSales,
  heard(desk, events) {
    desk.store.set((state) => {
      const sales = addHeld(state.sales, events);
      return sales === state.sales ? state : { ...state, sales };
    });
    const isChanged = events.some(({ type }) =>
      /^(sale|operator)\.|^stock\.changed$|^(gap|dropped)$/.test(type),
    );
    if (isChanged) void readSales(desk);
  },
  turn(desk) {
    desk.store.set((state) => {
      const sales = endSecond(state.sales);
      return sales === state.sales ? state : { ...state, sales };
    });
    if (desk.store.get().sales.fault !== '') void readSales(desk);
  },
  stepMs({ state, nowMs }) {
    if (state.isReducedMotion) return 1_000;
    const isClose = saleRows(state).some((row) => {
      const leftMs = (nextAtMs(row, nowMs) ?? 0) - nowMs;
      return leftMs > 0 && leftMs < TENTHS_BELOW_MS;
    });
    return isClose ? 100 : 1_000;
  },
};

/** Where `timeLeft` shows tenths. */
const TENTHS_BELOW_MS = 10_000;

const beginRead = latestRead();

async function readSales({ api, store }: Desk): Promise<void> {
  const isLatest = beginRead(store);
  const answer = await answerOf(api.sales.get({ query: { limit: String(PAGE_ROWS_MAX) } }));
  if (!isLatest()) return;
  store.set((state) => ({
    ...state,
    sales: answer.ok
      ? { ...state.sales, sales: answer.data.items, fault: '', isRead: true }
      : { ...state.sales, fault: answer.message },
  }));
}
