/** Whose holds are looked at. */

import { saleRows, stateOf, type SaleRow } from '../sales/sale-row.ts';
import type { State } from '../state/state.ts';

/** The chosen one; else the one that is shown already, as long as it sells; else the first that does. */
export function watchedSale(state: State): SaleRow | undefined {
  const rows = saleRows(state);
  const chosen = rows.find(({ sale }) => sale.id === state.saleId);
  const shown = rows.find((row) => row.sale.id === state.holds.saleId && stateOf(row) !== 'ended');
  return chosen ?? shown ?? rows[0];
}
