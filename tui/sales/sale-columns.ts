/** A sale as a line of columns. */

import { sparkline } from '../look/bars.ts';
import { count, money, percent, rate, wholeTimeLeft } from '../look/format.ts';
import { span, type Line } from '../look/span.ts';
import { safe } from '../look/text.ts';
import type { Column } from '../list/columns.ts';
import { soldOf, stateOf, unitsOf, type SaleRow } from './sale-row.ts';
import { unitsBar } from './sale-units.ts';
import { alarmWords, shortClock, STATE_WIDTH, stateWord } from './sale-words.ts';

const quiet = (row: SaleRow) => (row.seen === null ? 'dim' : undefined);

const units = (
  name: 'available' | 'held' | 'ordered' | 'paid',
  title: string,
  priority: number,
): Column<SaleRow> => ({
  name,
  title,
  width: 7,
  align: 'right',
  priority,
  cell: (row) => {
    const value = unitsOf(row)[name];
    return span(value === null ? '?' : count(value), quiet(row));
  },
  sortBy: (row) => unitsOf(row)[name] ?? -1,
});

const WHAT: readonly Column<SaleRow>[] = [
  {
    name: 'state',
    title: 'State',
    width: STATE_WIDTH,
    priority: 0,
    // An alarm is the state that matters.
    cell: (row) =>
      alarmWords(row).some(({ tone }) => tone === 'alarm') ? span('! ALARM', 'alarm') : stateWord(row),
    sortBy: stateOf,
  },
  {
    name: 'name',
    title: 'Sale',
    width: 14,
    grows: 2,
    priority: 0,
    cell: ({ sale, seen }): Line => [
      span(`#${sale.id} `, 'dim'),
      span(safe(sale.product_name), seen === null ? 'dim' : undefined),
    ],
    sortBy: ({ sale }) => sale.product_name,
  },
  {
    name: 'price',
    title: 'Price',
    width: 14,
    align: 'right',
    priority: 6,
    cell: ({ sale, seen }) => span(money(sale.price, sale.currency), seen === null ? 'dim' : undefined),
    sortBy: ({ sale }) => sale.price,
  },
];

const UNITS: readonly Column<SaleRow>[] = [
  {
    name: 'units',
    title: 'Units',
    width: 10,
    grows: 3,
    priority: 2,
    cell: (row, _frame, width) => unitsBar(row, width),
  },
  {
    name: 'sold',
    title: 'Sold',
    width: 5,
    align: 'right',
    priority: 1,
    cell: (row) => span(percent(soldOf(row)), quiet(row)),
    sortBy: soldOf,
  },
  units('paid', 'Paid', 5),
  units('ordered', 'Ordered', 5),
  units('held', 'Held', 4),
  units('available', 'Left', 0),
];

const PACE: readonly Column<SaleRow>[] = [
  {
    name: 'rate',
    title: 'Held/s',
    width: 7,
    align: 'right',
    priority: 3,
    cell: ({ seen }) =>
      span((seen?.rates?.held_per_second ?? 0) === 0 ? '' : rate(seen?.rates?.held_per_second ?? 0), 'held'),
    sortBy: ({ seen }) => seen?.rates?.held_per_second ?? -1,
  },
  {
    name: 'gone',
    title: 'Gone in',
    width: 8,
    align: 'right',
    priority: 6,
    cell: ({ seen }) => (seen?.sold_out_in_seconds ? wholeTimeLeft(seen.sold_out_in_seconds * 1_000) : ''),
    sortBy: ({ seen }) => seen?.sold_out_in_seconds ?? Number.MAX_SAFE_INTEGER,
  },
  {
    name: 'minute',
    title: 'Last minute',
    width: 12,
    grows: 1,
    priority: 7,
    cell: ({ held }, _frame, width) => span(held.length === 0 ? '' : sparkline(held, width), 'held'),
  },
  {
    name: 'clock',
    title: 'Clock',
    width: 17,
    align: 'right',
    priority: 2,
    cell: (row, { nowMs }) => shortClock(row, nowMs),
    sortBy: dueAtMs,
  },
];

/** When it opens or closes: what its clock runs to. */
function dueAtMs(row: SaleRow): number {
  const { sale } = row;
  const isToOpen = ['draft', 'scheduled'].includes(stateOf(row));
  const at = isToOpen ? sale.opens_at : sale.closes_at;
  return at === null ? Number.MAX_SAFE_INTEGER : Date.parse(at);
}

export const SALE_COLUMNS: readonly Column<SaleRow>[] = [...WHAT, ...UNITS, ...PACE];
