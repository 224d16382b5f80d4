/** A sale's draft and its moves, as the system itself makes them. SQL decides; Redis learns by a rebuild. */

import { eq } from 'drizzle-orm';
import { products } from '@flash-sale/drizzle/schema.ts';
import { ARMED_SALE_STATES, SALE_MOVES, SALE_STATES, type SaleState } from '@flash-sale/shared/lifecycle.ts';
import { transaction } from '../mysql/transaction.ts';
import { bySystem, record, type Act } from '../operators/audit-log.ts';
import type { Services } from '../services.ts';
import { writeMove } from './move.ts';
import { rebuildSale } from './rebuild.ts';
import { checkTerms, insertSale, type SaleTerms } from './terms.ts';

/** Writes a draft. @returns its id. @throws RangeError that names the term; Error when there is no such product. */
export async function createSale(
  { mysql }: Services,
  terms: SaleTerms,
  act: Act = bySystem('sales'),
): Promise<number> {
  checkTerms(terms);
  return transaction(mysql, async (sql) => {
    const [product] = await sql.select().from(products).where(eq(products.id, terms.productId));
    if (product === undefined) throw new Error(`there is no product ${terms.productId}`);
    const saleId = await insertSale(sql, product, terms);
    await record(sql, act, { action: 'sale.create', target: `sale ${saleId}`, after: terms });
    return saleId;
  });
}

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
