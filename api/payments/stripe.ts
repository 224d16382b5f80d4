/** Stripe's events: whose they are, and what they state. https://docs.stripe.com/webhooks */

import Stripe from 'stripe';
import type { StripeEvent } from '@flash-sale/shared/contracts/payment.ts';
import {
  PAYMENT_INTENT_ID_LENGTH_MAX,
  REFUND_REFERENCE_LENGTH_MAX,
  WEBHOOK_TOLERANCE_S,
} from '@flash-sale/shared/limits.ts';
import { majorFromMinor } from '@flash-sale/shared/units.ts';
import type { PaymentFacts } from './facts.ts';
import type { SignatureCheck } from './signature.ts';

/** @param secrets any of them may have signed, so that they can be rotated */
export async function checkStripeSignature(
  secrets: readonly string[],
  signature: string | undefined,
  body: string,
): Promise<SignatureCheck> {
  if (signature === undefined) return 'missing';
  for (const secret of secrets) {
    try {
      const { signature: verifier } = Stripe.webhooks;
      if (await verifier?.verifyHeaderAsync(body, signature, secret, WEBHOOK_TOLERANCE_S)) return 'valid';
    } catch {
      // The library says no by throwing, whatever is wrong.
    }
  }
  return 'invalid';
}

type Fields = Readonly<Record<string, unknown>>;

export function stripeFacts({ type, data }: StripeEvent): PaymentFacts {
  const about = (data?.object ?? {}) as Fields;
  const intent = about['object'] === 'payment_intent' ? about['id'] : about['payment_intent'];
  const intentId = isIntentId(intent) ? intent : '';
  const facts = { intentId, holdId: holdIdOf(about), ...moneyOf(about) };
  const event = intentId === '' ? 'other' : eventOf(type, about);
  if (event === 'other') return { ...facts, event, otherEvent: type };
  if (event !== 'payment_refunded') return { ...facts, event };
  return { ...facts, event, refundReference: refundOf(about) };
}

function eventOf(type: string, about: Fields): PaymentFacts['event'] {
  switch (type) {
    case 'payment_intent.succeeded':
      return 'payment_success';
    case 'payment_intent.payment_failed':
    case 'payment_intent.canceled':
      return 'payment_failed';
    case 'charge.refunded':
      // A part of the money may go back without an end to the order.
      return about['refunded'] === true ? 'payment_refunded' : 'other';
    default:
      return 'other';
  }
}

function isIntentId(value: unknown): value is string {
  return typeof value === 'string' && value.length <= PAYMENT_INTENT_ID_LENGTH_MAX && /^[!-~]+$/.test(value);
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** A storefront may write our hold into the intent's metadata. */
function holdIdOf({ metadata }: Fields): string | null {
  if (typeof metadata !== 'object' || metadata === null) return null;
  const holdId = (metadata as Fields)['hold_id'];
  return typeof holdId === 'string' && UUID.test(holdId) ? holdId.toLowerCase() : null;
}

/**
 * Currencies without a minor unit that Stripe states in hundredths all the same:
 * https://docs.stripe.com/currencies#special-cases
 */
const IN_HUNDREDTHS = new Set(['ISK', 'UGX']);

/** What was received, which after a partial capture is less than what was asked for. Their currencies are lower case. */
function moneyOf(about: Fields): { amount: number | null; currency: string | null } {
  const minor = about['amount_received'] ?? about['amount'];
  const currency = typeof about['currency'] === 'string' ? about['currency'].toUpperCase() : '';
  if (!/^[A-Z]{3}$/.test(currency) || !Number.isSafeInteger(minor) || Number(minor) < 0) {
    return { amount: null, currency: null };
  }
  const hundredths = IN_HUNDREDTHS.has(currency) ? 100 : 1;
  return { amount: majorFromMinor(Number(minor) / hundredths, currency), currency };
}

/** The refund, where the event lists it, else the charge that was refunded. */
function refundOf(charge: Fields): string {
  const listed = (charge['refunds'] as { data?: { id?: unknown }[] } | null | undefined)?.data?.[0]?.id;
  const [id] = [listed, charge['id'], charge['payment_intent']].filter(isReference);
  return id ?? 'refund';
}

/** Shown to operators: nothing that a terminal would take for a command. */
function isReference(value: unknown): value is string {
  return typeof value === 'string' && value.length <= REFUND_REFERENCE_LENGTH_MAX && /^[!-~]+$/.test(value);
}
