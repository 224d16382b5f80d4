import { Type } from '@sinclair/typebox';
import { Elysia, sse } from 'elysia';
import { ProductView, StockView } from '@flash-sale/shared/contracts/product.ts';
import { STREAMS_MAX } from '@flash-sale/shared/limits.ts';
import { documented } from '../http/documented.ts';
import { failMissing } from '../http/failures.ts';
import { idOf } from '../http/path-id.ts';
import { fail, succeed } from '../http/reply.ts';
import type { Services } from '../services.ts';
import { viewProduct, viewProducts } from './products.ts';
import type { StockStream } from './stock-stream.ts';

export function productRoutes(services: Services, stream: StockStream) {
  return new Elysia()
    .get(
      '/api/products',
      async ({ set }) => succeed(set, 200, 'All products.', await viewProducts(services)),
      documented({
        summary: 'All products with live stock',
        tag: 'Products',
        success: { 200: Type.Array(ProductView) },
        failures: ['unavailable'],
      }),
    )
    .get(
      '/api/products/:id',
      async ({ params, set }) => {
        const view = await viewProduct(services, idOf(params.id));
        if (view === null) return failMissing(set, 'product', params.id);
        return succeed(set, 200, view.is_sold_out ? 'Sold out.' : 'In stock.', view);
      },
      documented({
        summary: 'A product with live stock',
        tag: 'Products',
        success: { 200: ProductView },
        failures: ['product_not_found', 'unavailable'],
      }),
    )
    .get(
      '/api/products/:id/stock',
      async ({ params, request, server, set }) => {
        const productId = idOf(params.id);
        if ((await services.catalog.find(productId)) === undefined) {
          return failMissing(set, 'product', params.id);
        }
        if (stream.watchers >= STREAMS_MAX) {
          return fail(set, 'unavailable', 'Too many are watching. Please read the product instead.', {
            retryAfterS: 10,
          });
        }
        // A stream is silent between changes; its own heartbeat finds out who has gone.
        server?.timeout(request, 0);
        return stockEvents(stream, productId, request.signal);
      },
      documented({
        summary: 'Live stock as server-sent events: now, and on change',
        tag: 'Products',
        success: { 200: StockView },
        isStream: true,
        failures: ['product_not_found', 'unavailable'],
      }),
    );
}

async function* stockEvents(stream: StockStream, productId: number, gone: AbortSignal) {
  for await (const event of stream.watch(productId, gone)) {
    if (event.kind === 'stock') yield sse({ event: 'stock', data: event.stock });
    else yield sse({ event: 'heartbeat', data: '' });
  }
}
