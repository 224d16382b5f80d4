/** The board: every sale, and what became of its units. */

import { answerOf } from '../api.ts';
import type { Desk } from '../desk.ts';
import { fact } from '../look/facts.ts';
import { dateTime, money } from '../look/format.ts';
import { span, type Line } from '../look/span.ts';
import { safe } from '../look/text.ts';
import type { Column } from '../list/columns.ts';
import type { Room, View } from '../rooms/room.ts';
import type { Frame } from '../state/frames.ts';
import { addHeld, endSecond } from './sales-slice.ts';
import { alarmWords, CARD_HEIGHT, cardLines, clockWords, stateWord, unitsBar } from './sale-card.ts';
import { saleName, saleRows, stateOf, unitsOf, type SaleRow } from './sale-row.ts';

const COLUMNS: readonly Column<SaleRow>[] = [
  {
    name: 'name',
    title: 'Sale',
    width: 16,
    grows: 1,
    priority: 0,
    cell: (row) => safe(saleName(row)),
    sortBy: ({ sale }) => sale.product_name,
  },
  { name: 'state', title: 'State', width: 10, priority: 0, cell: stateWord, sortBy: stateOf },
  {
    name: 'units',
    title: 'Units',
    width: 16,
    grows: 2,
    priority: 1,
    cell: (row, _frame, width) => unitsBar(unitsOf(row), width),
  },
  {
    name: 'available',
    title: 'Left',
    width: 7,
    align: 'right',
    priority: 0,
    cell: (row) => String(unitsOf(row).available ?? '?'),
    sortBy: (row) => unitsOf(row).available ?? -1,
  },
];

const board: View<SaleRow> = {
  name: 'board',
  title: 'Sales',
  rows: saleRows,
  idOf: ({ sale }) => String(sale.id),
  columns: COLUMNS,
  card: { height: CARD_HEIGHT, lines: cardLines },
  fields: (row) => ({ name: row.sale.product_name, state: stateOf(row), id: String(row.sale.id) }),
  detail: detailLines,
  copies: ({ sale }) => [
    { what: 'id', text: String(sale.id) },
    { what: 'JSON', text: JSON.stringify(sale, null, 2) },
  ],
  empty: ({ sales }) =>
    sales.fault || (sales.isRead ? 'There is no sale yet. n creates one.' : 'Reading the sales.'),
  sentence: (_frame, row) => {
    const { allotment, available, held, ordered, paid } = unitsOf(row);
    return `${saleName(row)}, ${stateOf(row)}: ${available ?? 'an unknown number'} available, ${held ?? 'an unknown number'} held, ${ordered} ordered, ${paid} paid, of ${allotment}`;
  },
};

function detailLines({ nowMs }: Frame, row: SaleRow, width: number): Line[] {
  const { sale, seen } = row;
  return [
    [span(safe(saleName(row)), undefined, { bold: true }), span('  '), stateWord(row)],
    unitsBar(unitsOf(row), width),
    alarmWords(row),
    clockWords(row, nowMs),
    ...fact('price', money(sale.price, sale.currency), width),
    ...fact('opens', dateTime(Date.parse(sale.opens_at)), width),
    ...fact(
      'closes',
      sale.closes_at === null ? 'when it is ended' : dateTime(Date.parse(sale.closes_at)),
      width,
    ),
    ...fact('a hold lasts', `${sale.hold_ttl} s`, width),
    ...fact('time to pay', `${sale.pay_window} s`, width),
    ...fact('armed', seen?.armed === true ? `yes, epoch ${sale.epoch}` : 'no', width),
  ];
}

export const salesRoom: Room = {
  name: 'sales',
  title: 'Sales',
  views: [board],
  badge: ({ overview }) => (overview === null ? '' : String(overview.sales.length || '')),
  read: readSales,
  heard(desk, events) {
    desk.store.set((state) => {
      const sales = addHeld(state.sales, events);
      return sales === state.sales ? state : { ...state, sales };
    });
    const isChanged = events.some(({ type }) => /^(sale|operator)\.|^stock\.changed$|^gap$/.test(type));
    if (isChanged) void readSales(desk);
  },
  turn({ store }) {
    store.set((state) => {
      const sales = endSecond(state.sales);
      return sales === state.sales ? state : { ...state, sales };
    });
  },
  stepMs: () => 1_000,
};

async function readSales({ api, store }: Desk): Promise<void> {
  const answer = await answerOf(api.sales.get({ query: { limit: '200' } }));
  store.set((state) => ({
    ...state,
    sales: answer.ok
      ? { ...state.sales, sales: answer.data.items, fault: '', isRead: true }
      : { ...state.sales, fault: answer.message },
  }));
}
