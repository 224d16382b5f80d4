/** The sales as cards, and as lines for who has many. */

import { shownRows } from '../list/shown-rows.ts';
import { selectedIndex } from '../list/list-state.ts';
import { againOr } from '../look/facts.ts';
import type { View } from '../rooms/room.ts';
import { listOf, type State } from '../state/state.ts';
import { CARD_HEIGHT, cardLines } from './sale-card.ts';
import { SALE_COLUMNS } from './sale-columns.ts';
import { detailLines } from './sale-detail.ts';
import { isSoldOut, saleRows, slugOf, soldOf, stateOf, unitsOf, type SaleRow } from './sale-row.ts';

const lines: View<SaleRow> = {
  name: 'lines',
  title: 'Sales in lines',
  rows: saleRows,
  idOf: ({ sale }) => String(sale.id),
  columns: SALE_COLUMNS,
  fields: (row) => ({
    name: row.sale.product_name,
    state: stateOf(row),
    id: String(row.sale.id),
    left: String(unitsOf(row).available ?? ''),
    sold: String(Math.floor(soldOf(row) * 100)),
    // What the eye finds on the board, the filter finds too.
    is: isSoldOut(row) ? 'sold out' : '',
  }),
  detail: detailLines,
  copies: ({ sale }, { context }) => [
    { what: 'id', text: String(sale.id) },
    { what: 'name', text: slugOf(sale) },
    { what: 'JSON', text: JSON.stringify(sale, null, 2) },
    {
      what: 'curl',
      text: `curl -s -H "authorization: Bearer $OPERATOR_TOKEN" ${context.url}/ops/sales/${sale.id}`,
    },
  ],
  empty: ({ sales }) =>
    againOr(sales.fault, sales.isRead ? 'There is no sale yet. n makes one.' : 'Reading the sales ...'),
  sentence: (_frame, row) => {
    const { allotment, available, held, ordered, paid } = unitsOf(row);
    return `${row.sale.product_name} #${row.sale.id}, ${stateOf(row)}: ${available ?? 'an unknown number'} available, ${held ?? 'an unknown number'} held, ${ordered} ordered, ${paid} paid, of ${allotment}`;
  },
};

const board: View<SaleRow> = {
  ...lines,
  name: 'board',
  title: 'Sales',
  card: { height: CARD_HEIGHT, lines: cardLines },
};

export const SALE_VIEWS: readonly View<SaleRow>[] = [board, lines];

/** The sale under the cursor, in the room of sales. */
export function selectedSale(state: State): SaleRow | undefined {
  const view = SALE_VIEWS.find(({ name }) => name === state.views.sales);
  // The cursor is in the list of rehearsals.
  if (view === undefined) return undefined;
  const { ids } = shownRows(state, view);
  const id = ids[selectedIndex(listOf(state), ids)];
  return saleRows(state).find(({ sale }) => String(sale.id) === id);
}
