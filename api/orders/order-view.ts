/** Orders, and payments whose money is owed back, as operators see them. */

import type {
  OperatedOrder as OrderBody,
  OrderVerb,
  OwedPayment as OwedPaymentBody,
} from '@flash-sale/shared/contracts/operator-order.ts';
import type { OrderState } from '@flash-sale/shared/lifecycle.ts';
import { majorFromMinor } from '@flash-sale/shared/units.ts';
import type { Order } from './orders.ts';
import type { OwedPayment as Owed } from './owed-payments.ts';

export function possibleFor(state: OrderState): OrderVerb[] {
  if (state === 'pending') return ['cancel'];
  return state === 'paid' || state === 'refund_due' ? ['refunded'] : [];
}

export function viewOf(order: Order): OrderBody {
  return {
    order_id: order.id,
    hold_id: order.holdId,
    sale_id: order.saleId,
    buyer_id: order.buyerId,
    quantity: order.quantity,
    amount: majorFromMinor(order.amountMinor, order.currency),
    currency: order.currency,
    payment_intent_id: order.paymentIntentId,
    state: order.state,
    possible: possibleFor(order.state),
    pay_by: order.payBy.toISOString(),
    refund_reference: order.refundReference,
    created_at: order.createdAt.toISOString(),
    updated_at: order.updatedAt.toISOString(),
  };
}

/** A payment's money in major units; null where no amount was stated. */
export function amountOf({ amountMinor, currency }: Owed['payment']): number | null {
  return amountMinor === null || currency === null ? null : majorFromMinor(amountMinor, currency);
}

export function owedViewOf({ payment, order }: Owed): OwedPaymentBody {
  const { provider, intentId, disposition, currency, deliveryId, refundReference, createdAt } = payment;
  return {
    provider,
    payment_intent_id: intentId,
    disposition,
    amount: amountOf(payment),
    currency,
    refund_reference: refundReference,
    delivery_id: deliveryId,
    created_at: createdAt.toISOString(),
    order: order === null ? null : viewOf(order),
  };
}
