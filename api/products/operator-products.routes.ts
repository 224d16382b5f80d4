import { Elysia, t } from 'elysia';
import {
  EditProduct,
  NewProduct,
  OperatedProduct,
  type OperatedProduct as OperatedProductBody,
} from '@flash-sale/shared/contracts/operator-product.ts';
import { majorFromMinor } from '@flash-sale/shared/units.ts';
import { asJson } from '../http/body.ts';
import { documented } from '../http/documented.ts';
import { failInvalid, failMissing } from '../http/failures.ts';
import { once } from '../http/once.ts';
import { isId, PAGE_QUERY, pageOf, pageSchema, readPage } from '../http/page.ts';
import { idOf } from '../http/path-id.ts';
import { succeed, type ReplySet } from '../http/reply.ts';
import type { Services } from '../services.ts';
import type { Product } from './catalog.ts';
import {
  addProduct,
  editProduct,
  findProduct,
  listProducts,
  type ProductWritten,
} from './operator-products.ts';

export function operatorProductRoutes(services: Services) {
  return new Elysia()
    .get(
      '/ops/products',
      async ({ query, set }) => {
        const { after, limit } = readPage(query, isId);
        const rows = await listProducts(services, after, limit);
        const page = pageOf(rows, limit, ({ id }) => id, viewOf);
        return succeed(set, 200, 'Products, newest first.', page);
      },
      { query: t.Object(PAGE_QUERY), ...LIST },
    )
    .get(
      '/ops/products/:id',
      async ({ params, set }) => {
        const product = await findProduct(services, idOf(params.id));
        if (product === undefined) return failMissing(set, 'product', params.id);
        return succeed(set, 200, `${product.name}.`, viewOf(product));
      },
      READ,
    )
    .post(
      '/ops/products',
      (context) =>
        once(services, context, async (act) => {
          const { description = '', ...written } = context.body;
          const added = await addProduct(services, { description, ...written }, act);
          return answer(context.set, added, 201, '');
        }),
      { ...asJson, body: NewProduct, ...ADD },
    )
    .patch(
      '/ops/products/:id',
      (context) =>
        once(services, context, async (act) => {
          const { params, body, set } = context;
          const edited = await editProduct(services, idOf(params.id), body, act);
          return answer(set, edited, 200, params.id);
        }),
      { ...asJson, body: EditProduct, ...EDIT },
    );
}

const LIST = documented({
  summary: 'All products, newest first',
  tag: 'Products',
  success: { 200: pageSchema(OperatedProduct) },
  failures: ['bad_request', 'unavailable'],
  isForOperators: true,
});

const READ = documented({
  summary: 'A product as it is written',
  tag: 'Products',
  success: { 200: OperatedProduct },
  failures: ['product_not_found', 'unavailable'],
  isForOperators: true,
});

const ADD = documented({
  summary: 'Add a product; it is sold in sales',
  tag: 'Products',
  takesBody: true,
  success: { 201: OperatedProduct },
  sends: { 201: ['Location'] },
  failures: ['bad_request', 'unavailable'],
  isForOperators: true,
  isChange: true,
});

const EDIT = documented({
  summary: 'Change a product; its sales keep the price they were created with',
  tag: 'Products',
  takesBody: true,
  success: { 200: OperatedProduct },
  failures: ['bad_request', 'product_not_found', 'unavailable'],
  isForOperators: true,
  isChange: true,
});

function answer(set: ReplySet, written: ProductWritten, status: 200 | 201, id: string) {
  switch (written.kind) {
    case 'written': {
      const { product } = written;
      if (status === 201) set.headers['location'] = `/ops/products/${product.id}`;
      return succeed(set, status, `Product ${product.id} is written.`, viewOf(product));
    }
    case 'product_not_found':
      return failMissing(set, 'product', id);
    case 'invalid':
      return failInvalid(set, written.errors);
  }
}

function viewOf({ id, name, description, priceMinor, currency, createdAt }: Product): OperatedProductBody {
  const price = majorFromMinor(priceMinor, currency);
  return { id, name, description, price, currency, created_at: createdAt.toISOString() };
}
