/** What is sold. */

import { OperatedProduct } from '@flash-sale/shared/contracts/operator-product.ts';
import { answerOf } from '../api.ts';
import { money } from '../look/format.ts';
import { command } from './command.ts';
import { EXIT } from './exit-codes.ts';
import { fieldsOf } from './fields.ts';
import type { Shape } from './output.ts';
import { PAGED, readRows } from './pages.ts';
import { amountOf, currencyOf, given, optional, text } from './taken.ts';

const PRODUCT: Shape<OperatedProduct> = {
  id: 'id',
  fields: fieldsOf(OperatedProduct),
  columns: [
    { field: 'id', title: 'Product', align: 'right' },
    { field: 'name', title: 'Name' },
    { field: 'price', title: 'Price', align: 'right', cell: ({ price, currency }) => money(price, currency) },
    { field: 'created_at', title: 'Since' },
    { field: 'description', title: 'Description' },
  ],
};

const list = command({
  words: 'products list',
  summary: 'Products, newest first',
  does: 'looks',
  shape: PRODUCT,
  flags: PAGED,
  async run(at) {
    at.out.list(await readRows(at, (query) => answerOf(at.api.products.get({ query }))));
    return EXIT.ok;
  },
});

const create = command({
  words: 'products create',
  summary: 'Add a product; it is sold in sales',
  does: 'changes',
  shape: PRODUCT,
  takes: { name: text('NAME', 'what buyers read') },
  flags: {
    price: amountOf('price of a unit'),
    currency: currencyOf('of the price, such as USD'),
    description: optional(text('TEXT', 'more about it')),
  },
  async run({ api, words: { name }, flags: { price, currency, description }, out, change }) {
    const body = { name, price, currency, ...given({ description }) };
    out.list([await change((headers) => answerOf(api.products.post(body, { headers })))]);
    return EXIT.ok;
  },
});

export const PRODUCT_COMMANDS = [list, create];
