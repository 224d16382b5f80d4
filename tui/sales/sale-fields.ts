/** The fields of forms about a sale, each checked at every key. */

import {
  ALLOTMENT_MAX,
  HOLD_TTL_DEFAULT_S,
  HOLD_TTL_MAX_S,
  HOLD_TTL_MIN_S,
  PAY_WINDOW_DEFAULT_S,
  PAY_WINDOW_MAX_S,
  PAY_WINDOW_MIN_S,
  PRICE_MINOR_MAX,
  PRODUCT_DESCRIPTION_LENGTH_MAX,
  PRODUCT_NAME_LENGTH_MAX,
} from '@flash-sale/shared/limits.ts';
import { isCurrency, majorFromMinor, minorFromMajor } from '@flash-sale/shared/units.ts';
import type { Field, Values } from '../dialogs/dialog.ts';
import { count, wholeTimeLeft } from '../look/format.ts';
import { readInstant, readSeconds } from './instants.ts';

/** Words instead of a time or a number. */
export const AT_LAUNCH = 'at launch';
export const NEVER = 'never';
export const NONE = 'none';

type Now = () => number;

export const productFields: readonly Field[] = [
  {
    name: 'name',
    label: 'Product',
    hint: 'what buyers read',
    check: (name) => {
      if (name === '') return 'is needed';
      return name.length <= PRODUCT_NAME_LENGTH_MAX ? null : `at most ${PRODUCT_NAME_LENGTH_MAX} characters`;
    },
  },
  {
    name: 'description',
    label: 'Description',
    hint: 'may be empty',
    check: (text) =>
      text.length <= PRODUCT_DESCRIPTION_LENGTH_MAX
        ? null
        : `at most ${count(PRODUCT_DESCRIPTION_LENGTH_MAX)} characters`,
  },
];

export const allotmentField: Field = {
  name: 'allotment',
  label: 'Units',
  hint: 'how many are sold',
  check: (text) => integerFault(text, 1, ALLOTMENT_MAX),
};

export const priceFields: readonly Field[] = [
  {
    name: 'price',
    label: 'Price',
    hint: '19.99',
    check: (text, { currency = '' }) => priceFault(text, currency),
  },
  {
    name: 'currency',
    label: 'Currency',
    initial: 'EUR',
    hint: 'EUR, USD, ...',
    check: (text) => (isCurrency(text.toUpperCase()) ? null : 'no currency of ISO 4217, such as USD'),
  },
];

export const durationFields: readonly Field[] = [
  durationField('hold_ttl', 'A hold lasts', HOLD_TTL_DEFAULT_S, [HOLD_TTL_MIN_S, HOLD_TTL_MAX_S]),
  durationField('pay_window', 'Time to pay', PAY_WINDOW_DEFAULT_S, [PAY_WINDOW_MIN_S, PAY_WINDOW_MAX_S]),
];

export function opensField(now: Now, initial: string): Field {
  return {
    name: 'opens',
    label: 'Opens',
    initial,
    hint: '18:00, in 2h, 2030-01-31 18:00, at launch',
    check: (text) => instantFault(opensAt(text, now()), text, AT_LAUNCH, now()),
  };
}

export function closesField(now: Now, initial: string, after: string): Field {
  return {
    name: 'closes',
    label: 'Closes',
    initial,
    hint: `20:00, in 2h, +1h after ${after}, never`,
    check(text, values) {
      const opensAtMs = opensAt(values['opens'] ?? AT_LAUNCH, now()) ?? now();
      const closesAtMs = closesAt(text, values, now());
      const fault = instantFault(closesAtMs, text, NEVER, now());
      if (fault !== null || typeof closesAtMs !== 'number') return fault;
      return closesAtMs > opensAtMs ? null : 'must be after the opening';
    },
  };
}

/** Null: at launch. Undefined: not understood. */
export function opensAt(text: string, nowMs: number): number | null | undefined {
  if (isWord(text, AT_LAUNCH)) return null;
  return readInstant(text, { nowMs, fromMs: nowMs }) ?? undefined;
}

/** Null: never. Undefined: not understood. */
export function closesAt(text: string, values: Values, nowMs: number): number | null | undefined {
  if (isWord(text, NEVER)) return null;
  const fromMs = opensAt(values['opens'] ?? AT_LAUNCH, nowMs) ?? nowMs;
  return readInstant(text, { nowMs, fromMs }) ?? undefined;
}

/** Any beginning of it will do, and nothing. */
export function isWord(text: string, word: string): boolean {
  return word.startsWith(text.trim().toLowerCase());
}

export function instantFault(
  ms: number | null | undefined,
  text: string,
  word: string,
  nowMs: number,
): string | null {
  if (ms === undefined) return `"${text}" is no time: 18:00, in 2h, a date with a time, ${word}`;
  return ms !== null && ms <= nowMs ? 'must be in the future' : null;
}

export function integerFault(text: string, min: number, max: number): string | null {
  if (!/^\d+$/.test(text)) return 'must be a whole number';
  const value = Number(text);
  return value >= min && value <= max ? null : `from ${count(min)} to ${count(max)}`;
}

function priceFault(text: string, typedCurrency: string): string | null {
  if (!/^\d+(\.\d+)?$/.test(text)) return 'must be a number, such as 19.99';
  const currency = typedCurrency.toUpperCase();
  if (!isCurrency(currency)) return null;
  const minor = minorFromMajor(Number(text), currency);
  if (minor === null) return `is finer than the smallest coin of ${currency}`;
  if (minor <= PRICE_MINOR_MAX) return null;
  return `at most ${count(majorFromMinor(PRICE_MINOR_MAX, currency))}`;
}

function durationField(name: string, label: string, seconds: number, bounds: [number, number]): Field {
  const [min, max] = bounds;
  return {
    name,
    label,
    initial: wholeTimeLeft(seconds * 1_000),
    hint: `90, 2m or 1:30; ${wholeTimeLeft(min * 1_000)} to ${wholeTimeLeft(max * 1_000)}`,
    check(text) {
      const value = readSeconds(text);
      if (value === null) return 'is no duration: 90, 2m, 1:30';
      const isWithin = value >= min && value <= max;
      return isWithin ? null : `from ${wholeTimeLeft(min * 1_000)} to ${wholeTimeLeft(max * 1_000)}`;
    },
  };
}
