/** Money that is owed back: the worklist of whoever makes refunds. */

import { and, desc, eq, inArray, lt, ne, notInArray, or, type SQL } from 'drizzle-orm';
import { orders, payments } from '@flash-sale/drizzle/schema.ts';
import type { PaymentDisposition } from '@flash-sale/shared/lifecycle.ts';
import { statement, type Sql } from '../mysql/transaction.ts';
import type { Services } from '../services.ts';
import type { Order } from './orders.ts';

/** Money that was taken and bought nothing. */
const OWED: PaymentDisposition[] = ['refund_due', 'mismatch', 'unmatched'];

export interface OwedPayment {
  readonly payment: typeof payments.$inferSelect;
  readonly order: Order | null;
}

export interface OwedCursor {
  readonly atMs: number;
  readonly provider: string;
  readonly intentId: string;
}

/** Newest first: payments that bought nothing, and those whose order is to be refunded. */
export async function listOwedPayments(
  { mysql }: Services,
  { after, limit }: { after: OwedCursor | null; limit: number },
): Promise<OwedPayment[]> {
  // Two questions, each with an index of its own; as one, SQL would read every payment there is.
  const found = await statement(mysql, async (sql) => [
    ...(await newest(sql, boughtNothing(), after, limit)),
    ...(await newest(sql, isToBeRefunded(), after, limit)),
  ]);
  return found.toSorted(byAge).slice(0, limit);
}

function newest(sql: Sql, isOwed: SQL | undefined, after: OwedCursor | null, limit: number) {
  return sql
    .select({ payment: payments, order: orders })
    .from(payments)
    .leftJoin(orders, eq(orders.id, payments.orderId))
    .where(and(isOwed, after === null ? undefined : isOlder(after)))
    .orderBy(desc(payments.createdAt), desc(payments.provider), desc(payments.intentId))
    .limit(limit);
}

/** An order that was refunded settles its own intent, and says nothing of a second one that was meant for it. */
function boughtNothing(): SQL | undefined {
  const isOfNoOrder = eq(payments.disposition, 'unmatched');
  const isForAnother = ne(orders.paymentIntentId, payments.intentId);
  return and(
    inArray(payments.disposition, OWED),
    or(isOfNoOrder, isForAnother, ne(orders.state, 'refunded')),
  );
}

/** Of an order that was paid, and whose money goes back. */
function isToBeRefunded(): SQL | undefined {
  return and(
    eq(orders.state, 'refund_due'),
    eq(orders.paymentIntentId, payments.intentId),
    notInArray(payments.disposition, OWED),
  );
}

/** As SQL sorts: a space comes before whatever an id is made of. */
function byAge(a: OwedPayment, b: OwedPayment): number {
  const [of, than] = [ageOf(a), ageOf(b)];
  return of === than ? 0 : of < than ? 1 : -1;
}

function ageOf({ payment: { createdAt, provider, intentId } }: OwedPayment): string {
  return `${createdAt.toISOString()} ${provider} ${intentId}`;
}

function isOlder({ atMs, provider, intentId }: OwedCursor): SQL | undefined {
  const at = new Date(atMs);
  return or(
    lt(payments.createdAt, at),
    and(
      eq(payments.createdAt, at),
      or(
        lt(payments.provider, provider),
        and(eq(payments.provider, provider), lt(payments.intentId, intentId)),
      ),
    ),
  );
}
