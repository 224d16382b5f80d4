import { Elysia, t } from 'elysia';
import { MarkRefunded, OwedPayment } from '@flash-sale/shared/contracts/operator-order.ts';
import { asJson } from '../http/body.ts';
import { documented } from '../http/documented.ts';
import { once } from '../http/once.ts';
import { PAGE_QUERY, pageOf, pageSchema, readPage } from '../http/page.ts';
import { fail, succeed, type ReplySet } from '../http/reply.ts';
import type { Services } from '../services.ts';
import { owedViewOf } from './order-view.ts';
import {
  listOwedPayments,
  type OwedCursor,
  type OwedPayment as Owed,
  type PaymentName,
} from './owed-payments.ts';
import { markPaymentRefunded, type PaymentChanged } from './payment-refund.ts';

export function refundRoutes(services: Services) {
  return new Elysia()
    .get(
      '/ops/refunds',
      async ({ query, set }) => {
        const { after, limit } = readPage(query, isOwedCursor);
        const rows = await listOwedPayments(services, { after, limit });
        const page = pageOf(rows, limit, cursorOf, owedViewOf);
        return succeed(set, 200, 'Payments whose money is owed back, newest first.', page);
      },
      { query: t.Object(PAGE_QUERY), ...REFUNDS },
    )
    .post(
      '/ops/refunds/:provider/:intent/refunded',
      (context) =>
        once(services, context, async (act) => {
          const { params, body, set } = context;
          const name = { provider: params.provider, intentId: params.intent };
          const isOne = isName(name.provider) && isName(name.intentId);
          if (!isOne) return missing(set, name);
          return answer(set, name, await markPaymentRefunded(services, name, body.reference, act));
        }),
      { ...asJson, body: MarkRefunded, ...REFUNDED },
    );
}

const forOperators = { tag: 'Orders', isForOperators: true } as const;

const REFUNDS = documented({
  ...forOperators,
  summary: 'Payments whose money is owed back, with the order that each was meant for',
  success: { 200: pageSchema(OwedPayment) },
  failures: ['bad_request', 'unavailable'],
});

const REFUNDED = documented({
  ...forOperators,
  summary: 'Write down that the money of a payment went back, whichever order it was meant for',
  takesBody: true,
  success: { 200: OwedPayment },
  failures: ['bad_request', 'payment_not_found', 'impossible_now', 'unavailable'],
  isChange: true,
});

function answer(set: ReplySet, name: PaymentName, changed: PaymentChanged) {
  switch (changed.kind) {
    case 'changed':
    case 'unchanged':
      return succeed(set, 200, 'The money went back.', owedViewOf(changed.owed));
    case 'payment_not_found':
      return missing(set, name);
    case 'impossible': {
      const { disposition, refundReference } = changed.owed.payment;
      const is =
        refundReference === null ? `it is ${disposition}` : `the money went back as ${refundReference}`;
      const says = `This is not possible: ${is}.`;
      return fail(set, 'impossible_now', says, { state: disposition, possible: [] });
    }
  }
}

function missing(set: ReplySet, { provider, intentId }: PaymentName) {
  return fail(set, 'payment_not_found', `There is no payment of ${intentId} by ${provider}.`);
}

function isOwedCursor(value: unknown): value is OwedCursor {
  if (typeof value !== 'object' || value === null) return false;
  const { atMs, provider, intentId } = value as Record<string, unknown>;
  return isTime(atMs) && isName(provider) && isName(intentId);
}

function isTime(value: unknown): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= LATEST_MS;
}

/** The end of the year 9999. */
const LATEST_MS = Date.UTC(10_000, 0) - 1;

function isName(value: unknown): boolean {
  return typeof value === 'string' && /^[!-~]{1,255}$/.test(value);
}

function cursorOf({ payment: { createdAt, provider, intentId } }: Owed): OwedCursor {
  return { atMs: createdAt.getTime(), provider, intentId };
}
