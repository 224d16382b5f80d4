import { eq } from 'drizzle-orm';
import { products } from '@flash-sale/drizzle/schema.ts';
import { transaction } from '../mysql/transaction.ts';
import { bySystem, record } from '../operators/audit-log.ts';
import { insertSale, type SaleTerms } from '../sales/terms.ts';
import type { Services } from '../services.ts';

/** Writes a draft on any terms that the tables take, also those that operators cannot write. @returns its id */
export async function createSale({ mysql }: Services, terms: SaleTerms): Promise<number> {
  return transaction(mysql, async (sql) => {
    const [product] = await sql.select().from(products).where(eq(products.id, terms.productId));
    if (product === undefined) throw new Error(`there is no product ${terms.productId}`);
    const saleId = await insertSale(sql, product, terms);
    await record(sql, bySystem('sales'), {
      action: 'sale.create',
      target: `sale ${saleId}`,
      after: terms,
    });
    return saleId;
  });
}
