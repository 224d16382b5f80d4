/** The moves of a sale, as the system itself makes them. SQL decides; Redis learns by a rebuild. */

import { ARMED_SALE_STATES, SALE_MOVES, SALE_STATES, type SaleState } from '@flash-sale/shared/lifecycle.ts';
import { bySystem, type Act } from '../operators/audit-log.ts';
import type { Services } from '../services.ts';
import { writeMove } from './move.ts';
import { rebuildSale } from './rebuild.ts';

export type SaleMoved =
  | { kind: 'moved'; from: SaleState; to: SaleState }
  | { kind: 'sale_not_found' }
  | { kind: 'impossible'; from: SaleState; possible: readonly SaleState[] }
  /** The product has another sale that is on. */
  | { kind: 'product_busy' }
  /** Moved in SQL, but the stores are not safe enough to sell from. */
  | { kind: 'refused'; reasons: string[] };

/**
 * Moves a sale by the lifecycle; asking again for the state it is in is fine, and rebuilds it.
 * @throws StoreUnavailable; the sale may have been moved
 */
export async function moveSale(
  services: Services,
  saleId: number,
  to: SaleState,
  act: Act = bySystem('sales'),
): Promise<SaleMoved> {
  const from = SALE_STATES.filter((state) => SALE_MOVES[state].includes(to));
  const written = await writeMove(services, saleId, { action: 'sale.move', from, to }, act);
  switch (written.kind) {
    case 'moved':
    case 'unmoved':
      break;
    case 'impossible':
      return { ...written, possible: SALE_MOVES[written.from] };
    case 'sale_not_found':
    case 'product_busy':
      return written;
    case 'window_over':
      throw new Error('a move that the system makes looks at no window');
  }
  const rebuilt = isServed(to) ? await rebuildSale(services, saleId) : null;
  await services.catalog.refresh();
  if (rebuilt?.kind === 'refused') return rebuilt;
  return { kind: 'moved', from: written.from, to };
}

export function isServed(state: SaleState): boolean {
  return (ARMED_SALE_STATES as readonly SaleState[]).includes(state);
}
