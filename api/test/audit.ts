import { eq, sql as raw } from 'drizzle-orm';
import { buyerUnits } from '@flash-sale/drizzle/schema.ts';
import { statement } from '../mysql/transaction.ts';
import { auditSale, type Audit } from '../orders/audit.ts';
import type { Services } from '../services.ts';

/** The auditor's look at a sale, with the committed units of known buyers. @throws when the sale is not armed. */
export async function audit(services: Services, saleId: number): Promise<Audit & { buyerUnits: number }> {
  const found = await auditSale(services, saleId);
  if (found === null) throw new Error(`sale ${saleId} is not armed`);
  const [row] = await statement(services.mysql, (sql) =>
    sql
      .select({ units: raw<string>`coalesce(sum(units), 0)` })
      .from(buyerUnits)
      .where(eq(buyerUnits.saleId, saleId)),
  );
  return { ...found, buyerUnits: Number(row?.units) };
}
