import { readSale, type SaleStock } from '../redis/sale-scripts.ts';
import type { Services } from '../services.ts';
import { StoreUnavailable } from '../store-unavailable.ts';

/** A sale as Redis has it now; null while Redis is away or does not serve it. */
export async function liveStock({ redis }: Services, saleId: number): Promise<SaleStock | null> {
  try {
    const stock = await readSale(redis, saleId);
    return stock.kind === 'sale' ? stock : null;
  } catch (error) {
    if (error instanceof StoreUnavailable) return null;
    throw error;
  }
}
