/** Sales and their units. */

import { OperatedSale } from '@flash-sale/shared/contracts/sale.ts';
import { SALE_STATES } from '@flash-sale/shared/lifecycle.ts';
import { answerOf } from '../api.ts';
import { count, money } from '../look/format.ts';
import { span } from '../look/span.ts';
import { toneOfState } from '../sales/sale-words.ts';
import { command } from './command.ts';
import { must } from './endings.ts';
import { EXIT } from './exit-codes.ts';
import { fieldsOf } from './fields.ts';
import type { Shape } from './output.ts';
import { PAGED, readRows } from './pages.ts';
import { integer, oneOf, optional } from './taken.ts';

const units = (name: 'paid' | 'ordered' | 'held' | 'available', title: string) => ({
  field: `units.${name}`,
  title,
  align: 'right' as const,
  cell: ({ units: { [name]: value } }: OperatedSale) => (value === null ? '?' : count(value)),
});

export const SALE: Shape<OperatedSale> = {
  id: 'id',
  fields: fieldsOf(OperatedSale),
  columns: [
    { field: 'id', title: 'Sale', align: 'right' },
    { field: 'product_name', title: 'Product' },
    { field: 'state', title: 'State', cell: ({ state }) => span(state, toneOfState(state)) },
    { field: 'price', title: 'Price', align: 'right', cell: ({ price, currency }) => money(price, currency) },
    { field: 'allotment', title: 'Units', align: 'right', cell: ({ allotment }) => count(allotment) },
    units('paid', 'Paid'),
    units('ordered', 'Ordered'),
    units('held', 'Held'),
    units('available', 'Left'),
    { field: 'opens_at', title: 'Opens' },
    { field: 'closes_at', title: 'Closes' },
  ],
};

export const saleWord = integer('SALE', 'the id of the sale');

export const SALE_COMMANDS = [
  command({
    words: 'sales list',
    summary: 'Sales with their units, newest first',
    does: 'looks',
    shape: SALE,
    flags: {
      state: optional(oneOf('STATE', 'only sales in this state', SALE_STATES)),
      product: optional(integer('PRODUCT', 'only sales of this product')),
      ...PAGED,
    },
    async run(at) {
      const { state, product } = at.flags;
      const query = {
        ...(state === undefined ? {} : { state }),
        ...(product === undefined ? {} : { product: String(product) }),
      };
      at.out.list(await readRows(at, (page) => answerOf(at.api.sales.get({ query: { ...query, ...page } }))));
      return EXIT.ok;
    },
  }),
  command({
    words: 'sales show',
    summary: 'A sale: its terms, its state, its units, and what can be done to it',
    does: 'looks',
    shape: SALE,
    takes: { sale: saleWord },
    async run({ api, words, out }) {
      out.one(await must(answerOf(api.sales({ id: words.sale }).get())));
      return EXIT.ok;
    },
  }),
];
