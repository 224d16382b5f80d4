/** A sale's terms in the words of the wire, in both directions. */

import type {
  EditSale,
  NewSale as NewSaleBody,
  NewSaleState,
  OperatedSale as Body,
  SaleLimits,
} from '@flash-sale/shared/contracts/sale.ts';
import { possibleVerbs } from '@flash-sale/shared/lifecycle.ts';
import { majorFromMinor } from '@flash-sale/shared/units.ts';
import type { Sale } from '../products/catalog.ts';
import type { NewSale } from './create-sales.ts';
import type { SaleChanges } from './edit-sale.ts';
import type { OperatedSale } from './operated-sales.ts';
import { LIMITS, type Limits } from './terms.ts';

/** Reads a time that a field states. */
export type ReadInstant = (field: string, text: string) => Date;

type TermsBody = Omit<EditSale, 'product_id' | 'allotment'>;

export function newSaleOf(body: NewSaleBody, state: NewSaleState, readInstant: ReadInstant): NewSale {
  const terms = { productId: body.product_id, allotment: body.allotment, ...termsOf(body, readInstant) };
  return { terms, state };
}

export function changesOf(body: EditSale, readInstant: ReadInstant): SaleChanges {
  return {
    ...(body.product_id === undefined ? {} : { productId: body.product_id }),
    ...(body.allotment === undefined ? {} : { allotment: body.allotment }),
    ...termsOf(body, readInstant),
  };
}

/** Only what is there: what is absent is not changed, or is the default. */
function termsOf(body: TermsBody, readInstant: ReadInstant) {
  const { price, currency, hold_ttl: holdTtlS, pay_window: payWindowS } = body;
  return {
    ...windowOf(body, readInstant),
    ...(price === undefined ? {} : { price }),
    ...(currency === undefined ? {} : { currency }),
    ...(holdTtlS === undefined ? {} : { holdTtlMs: holdTtlS * 1_000 }),
    ...(payWindowS === undefined ? {} : { payWindowMs: payWindowS * 1_000 }),
    ...limitsIn(body),
  };
}

function limitsIn(body: TermsBody): Limits {
  const said = LIMITS.filter(([field]) => body[field] !== undefined);
  return Object.fromEntries(said.map(([field, column]) => [column, body[field]]));
}

export function windowOf(body: Pick<TermsBody, 'opens_at' | 'closes_at'>, readInstant: ReadInstant) {
  const { opens_at: opensAt, closes_at: closesAt } = body;
  return {
    ...(opensAt === undefined ? {} : { opensAt: readInstant('opens_at', opensAt) }),
    ...(closesAt === undefined
      ? {}
      : { closesAt: closesAt === null ? null : readInstant('closes_at', closesAt) }),
  };
}

function limitsOf(sale: Sale): SaleLimits {
  return Object.fromEntries(LIMITS.map(([field, column]) => [field, sale[column]])) as SaleLimits;
}

export function viewOf({ sale, productName, isArmed, units }: OperatedSale): Body {
  return {
    id: sale.id,
    product_id: sale.productId,
    product_name: productName,
    state: sale.state,
    possible: possibleVerbs(sale.state),
    allotment: sale.allotment,
    units,
    price: majorFromMinor(sale.priceMinor, sale.currency),
    currency: sale.currency,
    opens_at: sale.opensAt.toISOString(),
    closes_at: sale.closesAt?.toISOString() ?? null,
    ended_at: sale.endedAt?.toISOString() ?? null,
    hold_ttl: sale.holdTtlMs / 1_000,
    pay_window: sale.payWindowMs / 1_000,
    ...limitsOf(sale),
    armed: isArmed,
    epoch: sale.epoch,
    created_at: sale.createdAt.toISOString(),
  };
}
