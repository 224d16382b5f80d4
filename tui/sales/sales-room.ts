/** The board: every sale, and what became of its units. */

import type { OperatedSale } from '@flash-sale/shared/contracts/sale.ts';
import { PAGE_ROWS_MAX } from '@flash-sale/shared/limits.ts';
import { answerOf, type Answer } from '../api.ts';
import type { Desk } from '../desk.ts';
import type { Page } from '../list/pages.ts';
import { rehearsalView } from '../rehearsal/rehearsal-view.ts';
import { latestRead } from '../rooms/latest-read.ts';
import type { Room } from '../rooms/room.ts';
import type { State } from '../state/state.ts';
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
    const now = desk.store.get();
    if (now.sales.fault !== '' || (now.sales.isRead && lacksSales(now, now.sales.sales))) {
      void readSales(desk);
    }
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

/** As many pages as it takes to have every sale that is on or to come: drafts and ended sales may be newer than these. */
async function readSales({ api, store }: Desk): Promise<void> {
  const isLatest = beginRead(store);
  const read: OperatedSale[] = [];
  let cursor: string | null = null;
  do {
    const query: { limit: string; cursor?: string } = { limit: String(PAGE_ROWS_MAX) };
    if (cursor !== null) query.cursor = cursor;
    const answer: Answer<Page<OperatedSale>> = await answerOf(api.sales.get({ query }));
    if (!isLatest()) return;
    if (!answer.ok) {
      store.set((state) => ({ ...state, sales: { ...state.sales, fault: answer.message } }));
      return;
    }
    read.push(...answer.data.items);
    cursor = answer.data.next_cursor;
  } while (cursor !== null && lacksSales(store.get(), read));
  store.set((state) => ({ ...state, sales: { ...state.sales, sales: read, fault: '', isRead: true } }));
}

function lacksSales({ overview }: State, known: readonly OperatedSale[]): boolean {
  const ids = new Set(known.map(({ id }) => id));
  return overview?.sales.some(({ sale_id: id }) => !ids.has(id)) ?? false;
}
