/** The first product and its live sale, so that the README's first commands work at once. */

import type { Pool } from 'mysql2/promise';
import { products, sales } from '@flash-sale/drizzle/schema.ts';
import { HOLD_TTL_DEFAULT_S, PAY_WINDOW_DEFAULT_S } from '@flash-sale/shared/limits.ts';
import { isDuplicateKey } from '../mysql/faults.ts';
import { transaction } from '../mysql/transaction.ts';
import type { Services } from '../services.ts';

/** Given, not counted up, so that two processes that seed at once meet. */
const PRODUCT_ID = 1;
const ALLOTMENT = 100;
const PRICE_MINOR = 59_900;

/** Does nothing when there is any product. One transaction, so a start that is killed seeds nothing or all. */
export async function seed({ mysql, catalog }: Services): Promise<boolean> {
  try {
    const isSeeded = await insertFirst(mysql);
    if (isSeeded) await catalog.refresh();
    return isSeeded;
  } catch (error) {
    // Another process seeds at the same moment.
    if (isDuplicateKey(error)) return false;
    throw error;
  }
}

function insertFirst(mysql: Pool): Promise<boolean> {
  return transaction(mysql, async (sql) => {
    const [existing] = await sql.select({ id: products.id }).from(products).limit(1);
    if (existing !== undefined) return false;
    const product = {
      id: PRODUCT_ID,
      name: 'iPhone 15 Pro Max – Flash Sale Edition',
      description: 'One hundred units, while they last.',
      priceMinor: PRICE_MINOR,
      currency: 'USD',
    };
    await sql.insert(products).values(product);
    await sql.insert(sales).values({
      productId: PRODUCT_ID,
      state: 'live',
      priceMinor: product.priceMinor,
      currency: product.currency,
      allotment: ALLOTMENT,
      opensAt: new Date(),
      holdTtlMs: HOLD_TTL_DEFAULT_S * 1_000,
      payWindowMs: PAY_WINDOW_DEFAULT_S * 1_000,
    });
    return true;
  });
}
