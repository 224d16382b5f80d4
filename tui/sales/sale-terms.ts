/** What buyers are offered, for whoever says yes to it. */

import { EditSale, type OperatedSale } from '@flash-sale/shared/contracts/sale.ts';

/** Whatever can be edited, and the name that was read. */
const TERMS = ['product_name', ...(Object.keys(EditSale.properties) as (keyof EditSale)[])] as const;

/** Nobody says yes to what somebody else wrote into a sale meanwhile. */
export function haveSameTerms(one: OperatedSale, other: OperatedSale): boolean {
  return TERMS.every((name) => one[name] === other[name]);
}
