/** From the fields of a form to the terms of a sale and back. */

import type { NewProduct } from '@flash-sale/shared/contracts/operator-product.ts';
import type { EditSale, NewSale, OperatedSale } from '@flash-sale/shared/contracts/sale.ts';
import type { Field, Values } from '../dialogs/dialog.ts';
import { count, counted, dateTime, money, timeLeft, wholeTimeLeft } from '../look/format.ts';
import { span, type Line } from '../look/span.ts';
import { readSeconds } from './instants.ts';
import {
  allotmentField,
  AT_LAUNCH,
  closesAt,
  closesField,
  durationFields,
  NEVER,
  opensAt,
  opensField,
  priceFields,
} from './sale-fields.ts';
import { limitFields, LIMITS, limitsOf, valuesOfLimits } from './sale-limits.ts';

export function termsFields(now: () => number): readonly Field[] {
  return [
    allotmentField,
    ...priceFields,
    opensField(now, AT_LAUNCH),
    closesField(now, NEVER, 'the opening'),
    ...durationFields,
    ...limitFields,
  ];
}

/** The fields with what was typed before, or what the sale has. */
export function filled(fields: readonly Field[], values: Values): readonly Field[] {
  return fields.map((field) => {
    const initial = values[field.name];
    return initial === undefined ? field : { ...field, initial };
  });
}

type Terms = Required<Omit<NewSale, 'product_id' | 'opens_at'>> & Pick<NewSale, 'opens_at'>;

/** Of a form without faults. */
export function termsOf(values: Values, nowMs: number): Terms {
  const said = (name: string) => values[name] ?? '';
  const opensAtMs = opensAt(said('opens'), nowMs) ?? null;
  const closesAtMs = closesAt(said('closes'), values, nowMs) ?? null;
  return {
    allotment: Number(said('allotment')),
    price: Number(said('price')),
    currency: said('currency').toUpperCase(),
    ...(opensAtMs === null ? {} : { opens_at: new Date(opensAtMs).toISOString() }),
    closes_at: closesAtMs === null ? null : new Date(closesAtMs).toISOString(),
    hold_ttl: readSeconds(said('hold_ttl')) ?? 0,
    pay_window: readSeconds(said('pay_window')) ?? 0,
    ...limitsOf(values),
  };
}

export function productOf(values: Values): NewProduct {
  const { name = '', description = '', price = '', currency = '' } = values;
  return { name, description, price: Number(price), currency: currency.toUpperCase() };
}

/** What a sale has, as its form has it. */
export function valuesOfSale(sale: OperatedSale, nowMs: number): Values {
  return {
    allotment: String(sale.allotment),
    price: String(sale.price),
    currency: sale.currency,
    opens: Date.parse(sale.opens_at) > nowMs ? dateTime(Date.parse(sale.opens_at)) : AT_LAUNCH,
    closes: sale.closes_at === null ? NEVER : dateTime(Date.parse(sale.closes_at)),
    hold_ttl: wholeTimeLeft(sale.hold_ttl * 1_000),
    pay_window: wholeTimeLeft(sale.pay_window * 1_000),
    ...valuesOfLimits(sale),
  };
}

/** Only what was changed; a draft that is to open at its launch again opens from now on. */
export function changesOf(sale: OperatedSale, before: Values, after: Values, nowMs: number): EditSale {
  const terms = termsOf(after, nowMs);
  const opens =
    after['opens'] === before['opens'] ? {} : { opens_at: terms.opens_at ?? new Date(nowMs).toISOString() };
  const closes = after['closes'] === before['closes'] ? {} : { closes_at: terms.closes_at };
  const isPriced = terms.price !== sale.price || terms.currency !== sale.currency;
  const priced = isPriced ? { price: terms.price, currency: terms.currency } : {};
  const plain = ['allotment', 'hold_ttl', 'pay_window', ...LIMITS] as const;
  const others = plain
    .filter((name) => terms[name] !== sale[name])
    .map((name) => [name, terms[name]] as const);
  return { ...Object.fromEntries(others), ...priced, ...opens, ...closes };
}

/** What the terms come to. */
export function termsPreview(name: string, values: Values, nowMs: number): readonly Line[] {
  const terms = termsOf(values, nowMs);
  const { allotment, price, currency, hold_ttl: holdTtl, pay_window: payWindow } = terms;
  const opens = opensAt(values['opens'] ?? '', nowMs) ?? null;
  const closes = closesAt(values['closes'] ?? '', values, nowMs) ?? null;
  const openFor = closes === null ? '' : `, open for ${timeLeft(closes - (opens ?? nowMs))}`;
  const at = (ms: number | null, otherwise: string) => (ms === null ? otherwise : dateTime(ms));
  return [
    [
      span(`${counted(allotment, 'unit')} of ${name} at ${money(price, currency)}: `),
      span(money(allotment * price, currency), 'good'),
      span(' when all are paid'),
    ],
    [span(`Opens ${at(opens, AT_LAUNCH)}, closes ${at(closes, 'when it is ended')}${openFor}`, 'dim')],
    [
      span(
        `A hold lasts ${wholeTimeLeft(holdTtl * 1_000)}, then ${wholeTimeLeft(payWindow * 1_000)} to pay${
          terms.buyer_limit === null ? '' : `; ${count(terms.buyer_limit)} per buyer`
        }`,
        'dim',
      ),
    ],
  ];
}
