/** Products as operators write them. Buyers see them as products.ts says. */

import { desc, eq, lt } from 'drizzle-orm';
import { products } from '@flash-sale/drizzle/schema.ts';
import type { FieldErrors } from '@flash-sale/shared/contracts/reply.ts';
import { statement, transaction, type Sql } from '../mysql/transaction.ts';
import { record, type Act } from '../operators/audit-log.ts';
import type { Services } from '../services.ts';
import { unlessAway } from '../store-unavailable.ts';
import type { Product } from './catalog.ts';
import { changePrice, readPrice } from './price.ts';

/** Newest first. @param before products older than this one; null begins with the newest */
export function listProducts({ mysql }: Services, before: number | null, limit: number): Promise<Product[]> {
  return statement(mysql, (sql) =>
    sql
      .select()
      .from(products)
      .where(before === null ? undefined : lt(products.id, before))
      .orderBy(desc(products.id))
      .limit(limit),
  );
}

export async function findProduct({ mysql }: Services, productId: number): Promise<Product | undefined> {
  return statement(mysql, (sql) => readProduct(sql, productId));
}

async function readProduct(sql: Sql, productId: number): Promise<Product | undefined> {
  const [product] = await sql.select().from(products).where(eq(products.id, productId));
  return product;
}

export interface WrittenProduct {
  readonly name: string;
  readonly description: string;
  /** Major units. */
  readonly price: number;
  readonly currency: string;
}

export type ProductWritten =
  | { kind: 'written'; product: Product }
  | { kind: 'product_not_found' }
  | { kind: 'invalid'; errors: FieldErrors };

export async function addProduct(
  services: Services,
  { name, description, price, currency }: WrittenProduct,
  act: Act,
): Promise<ProductWritten> {
  const read = readPrice(price, currency);
  if (read.kind === 'invalid') return read;
  const values = { name, description, priceMinor: read.priceMinor, currency };
  const product = await transaction(services.mysql, async (sql) => {
    const [{ insertId }] = await sql.insert(products).values(values);
    const added = await readProduct(sql, insertId);
    if (added === undefined) throw new Error(`product ${insertId} is not there after it was added`);
    await record(sql, act, { action: 'product.create', target: `product ${insertId}`, after: values });
    return added;
  });
  await beSeen(services);
  return { kind: 'written', product };
}

export type ProductChanges = { readonly [Field in keyof WrittenProduct]?: WrittenProduct[Field] | undefined };

/** Sales keep the price they were created with. */
export async function editProduct(
  services: Services,
  productId: number,
  changes: ProductChanges,
  act: Act,
): Promise<ProductWritten> {
  const written = await transaction(services.mysql, async (sql): Promise<ProductWritten> => {
    const [product] = await sql.select().from(products).where(eq(products.id, productId)).for('update');
    if (product === undefined) return { kind: 'product_not_found' };
    const priced = changePrice(product, changes);
    if (priced.kind === 'invalid') return priced;
    const { name = product.name, description = product.description } = changes;
    const after = { name, description, priceMinor: priced.priceMinor, currency: priced.currency };
    await sql.update(products).set(after).where(eq(products.id, productId));
    await record(sql, act, {
      action: 'product.edit',
      target: `product ${productId}`,
      before: product,
      after,
    });
    return { kind: 'written', product: { ...product, ...after } };
  });
  if (written.kind === 'written') await beSeen(services);
  return written;
}

/** By buyers of this process at once, by others within a second. The change stands, whatever becomes of this. */
async function beSeen({ catalog }: Services): Promise<void> {
  await catalog.refresh().catch(unlessAway);
}
