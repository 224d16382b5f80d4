/** Payments that are told in our own format: one route per event, signed by Standard Webhooks. */

import type { PaymentEvent, PaymentNotice } from '@flash-sale/shared/contracts/payment.ts';
import type { PaymentFacts } from './facts.ts';

export function nativeFacts(event: PaymentEvent, notice: PaymentNotice): PaymentFacts {
  return {
    event,
    intentId: notice.payment_intent_id,
    holdId: notice.hold_id.toLowerCase(),
    amount: notice.amount ?? null,
    currency: notice.currency ?? null,
  };
}
