/** Stripe, as our tests need it: its events, signed by its own library. */

import Stripe from 'stripe';
import { send, type Answer } from './client.ts';
import type { World } from './world.ts';

type Api = Pick<World, 'listening'>;

let events = 0;

export function stripeEvent(type: string, object: Record<string, unknown>, id?: string): string {
  events += 1;
  const eventId = id ?? `evt_${crypto.randomUUID()}_${events}`;
  return JSON.stringify({ id: eventId, object: 'event', api_version: '2026-10-28', type, data: { object } });
}

/** An intent of 19.99 EUR, unless told otherwise. */
export function intentObject(intentId: string, more: Record<string, unknown> = {}) {
  return {
    id: intentId,
    object: 'payment_intent',
    amount: 1_999,
    amount_received: 1_999,
    currency: 'eur',
    ...more,
  };
}

export function chargeObject(intentId: string, more: Record<string, unknown> = {}) {
  return {
    id: `ch_${intentId}`,
    object: 'charge',
    payment_intent: intentId,
    amount: 1_999,
    currency: 'eur',
    refunded: true,
    ...more,
  };
}

export function stripeSignature(payload: string, secret: string, ageS = 0): Promise<string> {
  const timestamp = Math.floor(Date.now() / 1_000) - ageS;
  return Stripe.webhooks.generateTestHeaderStringAsync({ payload, secret, timestamp });
}

export type StripeAnswer = Answer<{ outcome: string }>;

export function tellStripe(api: Api, body: string, signature?: string): Promise<StripeAnswer> {
  const headers = signature === undefined ? {} : { 'stripe-signature': signature };
  return send(api, 'POST', '/api/webhook/stripe', body, headers);
}
