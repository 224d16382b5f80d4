/** Money that is owed back: the worklist of whoever makes refunds. What it means is said here only. */

import { and, count, desc, eq, inArray, isNull, lt, ne, notInArray, or, type SQL } from 'drizzle-orm';
import { unionAll } from 'drizzle-orm/mysql-core';
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

/** @returns how many there are in the worklist */
export async function countOwedPayments(sql: Sql): Promise<number> {
  const counting = (is: SQL | undefined) =>
    sql.select({ payments: count() }).from(payments).leftJoin(orders, ofOrder()).where(is);
  const counted = await unionAll(counting(boughtNothing()), counting(isToBeRefunded()));
  return counted.reduce((total, row) => total + row.payments, 0);
}

export interface PaymentName {
  readonly provider: string;
  readonly intentId: string;
}

/** Whether this one is in the worklist. */
export async function isOwed(sql: Sql, name: PaymentName): Promise<boolean> {
  const found = await sql
    .select({ intentId: payments.intentId })
    .from(payments)
    .leftJoin(orders, ofOrder())
    .where(and(isNamed(name), or(boughtNothing(), isToBeRefunded())));
  return found.length > 0;
}

export function isNamed({ provider, intentId }: PaymentName): SQL | undefined {
  return and(eq(payments.provider, provider), eq(payments.intentId, intentId));
}

function ofOrder(): SQL {
  return eq(orders.id, payments.orderId);
}

function newest(sql: Sql, is: SQL | undefined, after: OwedCursor | null, limit: number) {
  return sql
    .select({ payment: payments, order: orders })
    .from(payments)
    .leftJoin(orders, ofOrder())
    .where(and(is, after === null ? undefined : isOlder(after)))
    .orderBy(desc(payments.createdAt), desc(payments.provider), desc(payments.intentId))
    .limit(limit);
}

/**
 * An order that was refunded before payments remembered it settles its own intent, and says nothing of a second one
 * that was meant for it.
 */
function boughtNothing(): SQL | undefined {
  const isOfNoOrder = isNull(orders.id);
  const isForAnother = ne(orders.paymentIntentId, payments.intentId);
  return and(
    inArray(payments.disposition, OWED),
    isNull(payments.refundReference),
    or(isOfNoOrder, isForAnother, ne(orders.state, 'refunded')),
  );
}

/** Of an order that was paid, and whose money goes back. */
function isToBeRefunded(): SQL | undefined {
  return and(
    eq(orders.state, 'refund_due'),
    eq(orders.paymentIntentId, payments.intentId),
    notInArray(payments.disposition, OWED),
    isNull(payments.refundReference),
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
