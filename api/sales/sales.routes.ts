import { Elysia, t } from 'elysia';
import { OperatedSale } from '@flash-sale/shared/contracts/sale.ts';
import { SALE_STATES } from '@flash-sale/shared/lifecycle.ts';
import { documented } from '../http/documented.ts';
import { failMissing } from '../http/failures.ts';
import { isId, PAGE_QUERY, pageOf, pageSchema, readPage } from '../http/page.ts';
import { idOf } from '../http/path-id.ts';
import { filter, readId, readWord } from '../http/query.ts';
import { succeed } from '../http/reply.ts';
import type { Services } from '../services.ts';
import { findOperatedSale, listOperatedSales } from './operated-sales.ts';
import { viewOf } from './sale-view.ts';

export function saleRoutes(services: Services) {
  return new Elysia()
    .get(
      '/ops/sales',
      async ({ query, set }) => {
        const { after, limit } = readPage(query, isId);
        const state = readWord('state', query.state, SALE_STATES);
        const productId = readId('product', query.product);
        const rows = await listOperatedSales(services, { before: after, limit, state, productId });
        return succeed(
          set,
          200,
          'Sales, newest first.',
          pageOf(rows, limit, ({ sale }) => sale.id, viewOf),
        );
      },
      { query: t.Object({ ...PAGE_QUERY, ...FILTERS }), ...LIST },
    )
    .get(
      '/ops/sales/:id',
      async ({ params, set }) => {
        const found = await findOperatedSale(services, idOf(params.id));
        if (found === undefined) return failMissing(set, 'sale', params.id);
        return succeed(set, 200, `The sale is ${found.sale.state}.`, viewOf(found));
      },
      READ,
    );
}

const FILTERS = {
  state: filter(`One of ${SALE_STATES.join(', ')}.`, 'live'),
  product: filter('Sales of this product only.', '1'),
};

const forOperators = { tag: 'Sales', isForOperators: true } as const;

const LIST = documented({
  ...forOperators,
  summary: 'Sales with their units, newest first',
  success: { 200: pageSchema(OperatedSale) },
  failures: ['bad_request', 'unavailable'],
});

const READ = documented({
  ...forOperators,
  summary: 'A sale: terms, state, what can be done to it, and its units',
  success: { 200: OperatedSale },
  failures: ['sale_not_found', 'unavailable'],
});
