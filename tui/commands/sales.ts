/** Sales and their units: what there is, and what operators do to one. */

import { ChangedStock, OperatedSale } from '@flash-sale/shared/contracts/sale.ts';
import { ALLOTMENT_MAX } from '@flash-sale/shared/limits.ts';
import { SALE_STATES } from '@flash-sale/shared/lifecycle.ts';
import { answerOf, type Api } from '../api.ts';
import { count, money } from '../look/format.ts';
import { span } from '../look/span.ts';
import { toneOfState } from '../sales/sale-words.ts';
import { command } from './command.ts';
import { must, UsageFault } from './endings.ts';
import { EXIT } from './exit-codes.ts';
import { fieldsOf } from './fields.ts';
import type { Column, Shape } from './output.ts';
import { PAGED, readRows } from './pages.ts';
import { given, integer, oneOf, optional } from './taken.ts';

type UnitsNamed = 'paid' | 'ordered' | 'held' | 'available';

/** Of whatever tells the units of a sale. */
export function unitsColumn(
  name: UnitsNamed,
  title: string,
): Column<{ readonly units: Readonly<Record<UnitsNamed, number | null>> }> {
  return {
    field: `units.${name}`,
    title,
    align: 'right',
    cell: ({ units: { [name]: value } }) => (value === null ? '?' : count(value)),
  };
}

export const SALE: Shape<OperatedSale> = {
  id: 'id',
  fields: fieldsOf(OperatedSale),
  columns: [
    { field: 'id', title: 'Sale', align: 'right' },
    { field: 'product_name', title: 'Product' },
    { field: 'state', title: 'State', cell: ({ state }) => span(state, toneOfState(state)) },
    { field: 'price', title: 'Price', align: 'right', cell: ({ price, currency }) => money(price, currency) },
    { field: 'allotment', title: 'Units', align: 'right', cell: ({ allotment }) => count(allotment) },
    unitsColumn('paid', 'Paid'),
    unitsColumn('ordered', 'Ordered'),
    unitsColumn('held', 'Held'),
    unitsColumn('available', 'Left'),
    { field: 'opens_at', title: 'Opens' },
    { field: 'closes_at', title: 'Closes' },
  ],
};

export const saleWord = integer('SALE', 'the id of the sale');

/** @throws Refused */
export function readSale(api: Api, id: number): Promise<OperatedSale> {
  return must(answerOf(api.sales({ id }).get()));
}

const list = command({
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
    const query = given({ state, product: product?.toString() });
    at.out.list(await readRows(at, (page) => answerOf(at.api.sales.get({ query: { ...query, ...page } }))));
    return EXIT.ok;
  },
});

const show = command({
  words: 'sales show',
  summary: 'A sale: its terms, its state, its units, and what can be done to it',
  does: 'looks',
  shape: SALE,
  takes: { sale: saleWord },
  async run({ api, words, out }) {
    out.one(await readSale(api, words.sale));
    return EXIT.ok;
  },
});

const unitsFlag = (says: string) => optional(integer('UNITS', says, { max: ALLOTMENT_MAX }));

const restock = command({
  words: 'sales restock',
  summary: 'Add units to a sale that is on, or take out units that nobody was promised',
  details: 'Taking units out asks before.',
  does: 'changes',
  isDestructive: true,
  shape: {
    id: 'sale_id',
    fields: fieldsOf(ChangedStock),
    columns: [
      { field: 'sale_id', title: 'Sale', align: 'right' },
      { field: 'allotment', title: 'Units', align: 'right' },
    ],
  } satisfies Shape<ChangedStock>,
  takes: { sale: saleWord },
  flags: { add: unitsFlag('how many are added'), 'take-out': unitsFlag('how many are taken out') },
  async run({ api, words, flags, out, change, confirm }) {
    const { add, 'take-out': less } = flags;
    const units = add ?? -(less ?? 0);
    if ((add === undefined) === (less === undefined)) {
      throw new UsageFault('Either --add or --take-out is needed');
    }
    if (units < 0) {
      const { product_name: name, allotment } = await readSale(api, words.sale);
      await confirm([
        `${count(-units)} of the ${count(allotment)} units of ${name} #${words.sale} will not be sold any more.`,
      ]);
    }
    const changed = await change((headers) =>
      answerOf(api.sales({ id: words.sale }).stock.post({ change: units }, { headers })),
    );
    out.list([changed]);
    return EXIT.ok;
  },
});

export const SALE_COMMANDS = [list, show, restock];
