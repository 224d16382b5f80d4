/** Products as buyers see them: terms from the catalog, stock from Redis as it is now. */

import type { ProductView, SaleView, StockView } from '@flash-sale/shared/contracts/product.ts';
import type { SaleState } from '@flash-sale/shared/lifecycle.ts';
import { majorFromMinor } from '@flash-sale/shared/units.ts';
import { Batcher } from '../batch.ts';
import { perProcess } from '../per-process.ts';
import type { SaleStock } from '../redis/sale-scripts.ts';
import type { Services } from '../services.ts';
import type { Listing, Sale } from './catalog.ts';
import { liveStock } from './live-stock.ts';

/** All requests of one turn of the event loop share a look that begins after they arrived. */
const LOOKS_SHARED_MAX = 100_000;

/** Null when there is no such product. */
export function viewProduct(services: Services, productId: number): Promise<ProductView | null> {
  return viewerOf(services).call(productId, null);
}

const viewerOf = perProcess(
  (services) =>
    new Batcher<null, ProductView | null>(LOOKS_SHARED_MAX, async (productId, waiting) => {
      const listing = await services.catalog.find(productId);
      const view = listing === undefined ? null : await viewListing(services, listing);
      return waiting.map(() => view);
    }),
);

export function viewProducts(services: Services): Promise<ProductView[]> {
  return listerOf(services).call(ALL_PRODUCTS, null);
}

const ALL_PRODUCTS = 0;
const listerOf = perProcess(
  (services) =>
    new Batcher<null, ProductView[]>(LOOKS_SHARED_MAX, async (_, waiting) => {
      const listings = await services.catalog.all();
      const views = await Promise.all(listings.map((listing) => viewListing(services, listing)));
      return waiting.map(() => views);
    }),
);

async function viewListing(services: Services, listing: Listing): Promise<ProductView> {
  const { product } = listing;
  const sale = services.catalog.current(listing);
  const stock = sale === undefined ? null : await liveStock(services, sale.id);
  const { priceMinor, currency } = sale ?? product;
  return {
    id: product.id,
    name: product.name,
    description: product.description,
    price: majorFromMinor(priceMinor, currency),
    currency,
    ...(sale === undefined
      ? { total_stock: 0, available_stock: 0, is_sold_out: false }
      : viewStock(sale, stock)),
    sale: sale === undefined ? null : viewSale(sale, stock),
  };
}

function viewStock(sale: Sale, stock: SaleStock | null): StockView {
  const total = stock?.allotment ?? sale.allotment;
  const available = Math.max(0, stock?.available ?? sale.allotment - sale.committed);
  return {
    total_stock: total,
    available_stock: available,
    is_sold_out: available === 0,
    ...(stock === null ? { stock_is_estimate: true as const } : {}),
  };
}

function viewSale(sale: Sale, stock: SaleStock | null): SaleView {
  return {
    id: sale.id,
    // Redis is not told of the end: there is nothing left to decide.
    state: stock === null || sale.state === 'ended' ? sale.state : stateByTime(stock),
    opens_at: sale.opensAt.toISOString(),
    closes_at: sale.closesAt?.toISOString() ?? null,
    hold_ttl_seconds: sale.holdTtlMs / 1_000,
    pay_window_seconds: sale.payWindowMs / 1_000,
    buyer_limit: sale.buyerLimit,
  };
}

/** What the sale is at this millisecond, whether or not a worker has written it down. */
function stateByTime({ state, opensAtMs, closesAtMs, nowMs }: SaleStock): SaleState {
  if (state !== 'scheduled' && state !== 'live') return state;
  if (closesAtMs !== null && closesAtMs <= nowMs) return 'draining';
  return opensAtMs <= nowMs ? 'live' : 'scheduled';
}
