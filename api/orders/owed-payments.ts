/** Money that is owed back: the worklist of whoever makes refunds. */

import { and, desc, eq, inArray, lt, ne, or, type SQL } from 'drizzle-orm';
import { orders, payments } from '@flash-sale/drizzle/schema.ts';
import type { PaymentDisposition } from '@flash-sale/shared/lifecycle.ts';
import { statement } from '../mysql/transaction.ts';
import type { Services } from '../services.ts';
import type { Order } from './orders.ts';

/** Money that was taken and bought nothing. */
const OWED = ['refund_due', 'mismatch', 'unmatched'] as const satisfies readonly PaymentDisposition[];

export interface OwedPayment {
  readonly payment: typeof payments.$inferSelect;
  readonly order: Order | null;
}

export interface OwedCursor {
  readonly atMs: number;
  readonly provider: string;
  readonly intentId: string;
}

/**
 * Newest first: payments that bought nothing, and those whose order is to be refunded. An order that was refunded
 * settles its own intent, and says nothing of a second one that was meant for it.
 */
export function listOwedPayments(
  { mysql }: Services,
  { after, limit }: { after: OwedCursor | null; limit: number },
): Promise<OwedPayment[]> {
  return statement(mysql, (sql) =>
    sql
      .select({ payment: payments, order: orders })
      .from(payments)
      .leftJoin(orders, eq(orders.id, payments.orderId))
      .where(
        and(
          or(
            and(inArray(payments.disposition, OWED), isUnsettled()),
            and(eq(orders.state, 'refund_due'), eq(orders.paymentIntentId, payments.intentId)),
          ),
          after === null ? undefined : isOlder(after),
        ),
      )
      .orderBy(desc(payments.createdAt), desc(payments.provider), desc(payments.intentId))
      .limit(limit),
  );
}

function isUnsettled(): SQL | undefined {
  const isOfNoOrder = eq(payments.disposition, 'unmatched');
  return or(isOfNoOrder, ne(orders.state, 'refunded'), ne(orders.paymentIntentId, payments.intentId));
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
