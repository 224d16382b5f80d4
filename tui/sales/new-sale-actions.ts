/** New sales: of a product that is there, or of a new one. */

import { PAGE_ROWS_MAX } from '@flash-sale/shared/limits.ts';
import type { OperatedProduct } from '@flash-sale/shared/contracts/operator-product.ts';
import type { Action } from '../actions/action.ts';
import { answerOf, isUnanswered, refusalWords, type Refusal } from '../api.ts';
import type { Desk } from '../desk.ts';
import type { Values } from '../dialogs/dialog.ts';
import { money } from '../look/format.ts';
import { span, type Line } from '../look/span.ts';
import { safe, wrapText } from '../look/text.ts';
import { listName, type State, withList, listOf } from '../state/state.ts';
import { productFields } from './sale-fields.ts';
import { filled, productOf, termsFields, termsOf, termsPreview } from './sale-form.ts';

const A_NEW_ONE = 'new';

async function createSale(desk: Desk): Promise<void> {
  const products = await answerOf(desk.api.products.get({ query: { limit: String(PAGE_ROWS_MAX) } }));
  if (!products.ok) {
    desk.say(`The products could not be read: ${products.message}`, 'warn');
    return;
  }
  const picked = await pick(desk, products.data.items);
  if (picked !== null) await fillIn(desk, picked.product, [], {});
}

async function pick(
  desk: Desk,
  products: readonly OperatedProduct[],
): Promise<{ product: OperatedProduct | null } | null> {
  const value = await desk.ask.choose({
    title: 'What is sold?',
    choices: [
      { label: 'A new product', hint: 'with its own name and price', value: A_NEW_ONE },
      ...products.map(({ id, name, price, currency }) => ({
        label: safe(name),
        hint: `${money(price, currency)}  product ${id}`,
        value: String(id),
      })),
    ],
  });
  if (value === null) return null;
  return { product: products.find(({ id }) => String(id) === value) ?? null };
}

/** Asks again with what was typed when the API refuses it: nothing is typed twice. */
async function fillIn(
  desk: Desk,
  product: OperatedProduct | null,
  lines: readonly Line[],
  typed: Values,
): Promise<void> {
  const now = () => desk.frame().nowMs;
  const ofProduct: Values =
    product === null ? {} : { price: String(product.price), currency: product.currency };
  const fields = [...(product === null ? productFields : []), ...termsFields(now)];
  const values = await desk.ask.form({
    title: product === null ? 'New product and its sale' : `New sale of ${safe(product.name)}`,
    lines,
    verb: 'write it down as a draft',
    fields: filled(fields, { ...ofProduct, ...typed }),
    preview: (said) => termsPreview(safe(product?.name ?? said['name'] ?? ''), said, now()),
  });
  if (values === null) return;
  const added = product === null ? await writeProduct(desk, values) : { ok: true as const, data: product };
  if (!added.ok) return isUnanswered(added) ? undefined : fillIn(desk, null, refused(added), values);
  const written = added.data;
  const sale = await desk.change({
    what: `New sale of ${safe(written.name)}`,
    send: (headers) =>
      answerOf(desk.api.sales.post({ product_id: written.id, ...termsOf(values, now()) }, { headers })),
    tell: ({ id }) => `sale ${id} is a draft; l launches it, t schedules it`,
  });
  // What nobody answered may have been written: it is asked for again from the journal, not filled in again.
  if (!sale.ok) return isUnanswered(sale) ? undefined : fillIn(desk, written, refused(sale), values);
  desk.store.set((state) => selecting(state, String(sale.data.id)));
}

function refused(refusal: Refusal): Line[] {
  return wrapText(safe(refusalWords(refusal)), REFUSAL_WIDTH).map((text): Line => [span(text, 'warn')]);
}

const REFUSAL_WIDTH = 72;

function writeProduct(desk: Desk, values: Values) {
  return desk.change({
    what: `New product ${safe(values['name'] ?? '')}`,
    send: (headers) => answerOf(desk.api.products.post(productOf(values), { headers })),
  });
}

/** The new one is under the cursor, wherever it is in the list. */
function selecting(state: State, id: string): State {
  if (!listName(state).startsWith('sales.')) return state;
  return withList(state, { ...listOf(state), selectedId: id });
}

export const NEW_SALE_ACTIONS: readonly Action[] = [
  {
    id: 'sale.new',
    keys: ['n'],
    place: 'sales',
    does: 'changes',
    title: 'A new sale, as a draft; of a new product too',
    hint: 'new',
    run: createSale,
  },
];
