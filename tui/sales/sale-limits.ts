/** The limits of a sale, as its form asks for them and as its detail tells them: one entry each. */

import type { OperatedSale, SaleLimit, SaleLimits } from '@flash-sale/shared/contracts/sale.ts';
import { ALLOTMENT_MAX, HOLD_RATE_MAX } from '@flash-sale/shared/limits.ts';
import type { Field, Values } from '../dialogs/dialog.ts';
import { fact } from '../look/facts.ts';
import { count } from '../look/format.ts';
import { span, type Line } from '../look/span.ts';
import { integerFault, isWord, NONE } from './sale-fields.ts';

interface LimitWords {
  readonly label: string;
  readonly hint: string;
  /** What is typed instead of a number. */
  readonly otherwise: string;
  readonly max: number;
  readonly told: { readonly name: string; readonly unit: string; readonly otherwise: string };
}

const LIMIT_WORDS: Readonly<Record<SaleLimit, LimitWords>> = {
  buyer_limit: {
    label: 'Per buyer',
    hint: 'units that one buyer may have',
    otherwise: NONE,
    max: ALLOTMENT_MAX,
    told: { name: 'per buyer', unit: 'units', otherwise: 'no limit' },
  },
  buyer_rate: {
    label: 'Buyer asks',
    hint: 'holds asked for in 10 s',
    otherwise: 'default',
    max: HOLD_RATE_MAX,
    told: { name: 'buyer may ask', unit: 'times in 10 s', otherwise: 'the default' },
  },
  address_rate: {
    label: 'Address asks',
    hint: 'the same, of one address',
    otherwise: NONE,
    max: HOLD_RATE_MAX,
    told: { name: 'address may ask', unit: 'times in 10 s', otherwise: 'no limit' },
  },
};

export const LIMITS = Object.keys(LIMIT_WORDS) as SaleLimit[];

export const limitFields: readonly Field[] = LIMITS.map((name) => {
  const { label, hint, otherwise, max } = LIMIT_WORDS[name];
  return {
    name,
    label,
    initial: otherwise,
    hint: `${hint}, or ${otherwise}`,
    check: (text) => (isWord(text, otherwise) ? null : integerFault(text, 1, max)),
  };
});

/** As they were typed into a form without faults. */
export function limitsOf(values: Values): SaleLimits {
  const typed = LIMITS.map((name) => {
    const text = values[name] ?? '';
    return [name, isWord(text, LIMIT_WORDS[name].otherwise) ? null : Number(text)] as const;
  });
  return Object.fromEntries(typed) as SaleLimits;
}

/** What a sale has, as its form has it. */
export function valuesOfLimits(sale: OperatedSale): Values {
  return Object.fromEntries(
    LIMITS.map((name) => [name, sale[name] === null ? LIMIT_WORDS[name].otherwise : String(sale[name])]),
  );
}

export function limitLines(sale: OperatedSale, width: number): Line[] {
  return LIMITS.flatMap((name) => {
    const { told } = LIMIT_WORDS[name];
    const value = sale[name];
    return fact(
      told.name,
      value === null ? span(told.otherwise, 'dim') : span(`${count(value)} ${told.unit}`),
      width,
    );
  });
}
