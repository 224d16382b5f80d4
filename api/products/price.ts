/** Prices as operators write them: a number of major units and a currency. */

import type { FieldErrors } from '@flash-sale/shared/contracts/reply.ts';
import { PRICE_MINOR_MAX } from '@flash-sale/shared/limits.ts';
import { isCurrency, majorFromMinor, minorFromMajor } from '@flash-sale/shared/units.ts';

export type PriceRead = { kind: 'price'; priceMinor: number } | { kind: 'invalid'; errors: FieldErrors };

export function readPrice(price: number, currency: string): PriceRead {
  if (!isCurrency(currency)) return invalid('currency', 'must be a currency of ISO 4217, such as USD');
  const priceMinor = minorFromMajor(price, currency);
  if (priceMinor === null) return invalid('price', `is finer than the smallest coin of ${currency}`);
  if (priceMinor > PRICE_MINOR_MAX) {
    return invalid('price', `must be at most ${majorFromMinor(PRICE_MINOR_MAX, currency)} ${currency}`);
  }
  return { kind: 'price', priceMinor };
}

export interface Priced {
  readonly priceMinor: number;
  readonly currency: string;
}

/** What a change makes of a price. A new currency needs a new price: 100 USD are not 100 JPY. */
export function changePrice(
  before: Priced,
  { price, currency }: { price?: number | undefined; currency?: string | undefined },
): (Priced & { kind: 'price' }) | Extract<PriceRead, { kind: 'invalid' }> {
  const after = currency ?? before.currency;
  if (price === undefined) {
    if (after === before.currency) return { kind: 'price', ...before };
    return invalid('price', `is required, because the price so far is in ${before.currency}`);
  }
  const read = readPrice(price, after);
  return read.kind === 'price' ? { ...read, currency: after } : read;
}

function invalid(field: string, fault: string): Extract<PriceRead, { kind: 'invalid' }> {
  return { kind: 'invalid', errors: { [field]: [fault] } };
}
