import { TypeCompiler } from '@sinclair/typebox/compiler';
import { Elysia } from 'elysia';
import { StripeEvent } from '@flash-sale/shared/contracts/payment.ts';
import {
  StripeReceipt,
  type StripeReceipt as StripeReceiptBody,
} from '@flash-sale/shared/contracts/webhook.ts';
import { WEBHOOK_TOLERANCE_S } from '@flash-sale/shared/limits.ts';
import { asRawJson, readJson } from '../http/body.ts';
import { documented } from '../http/documented.ts';
import { fail, succeed } from '../http/reply.ts';
import type { Services } from '../services.ts';
import { countRefused, receive } from './arrival.ts';
import { outcomeOf } from './decide.ts';
import type { Arrival } from './deliveries.ts';
import { mayBeUnsigned } from './signature.ts';
import { checkStripeSignature, stripeFacts } from './stripe.ts';

export function stripeRoutes(services: Services) {
  return new Elysia().post(
    '/api/webhook/stripe',
    async ({ body: raw, headers, set }) => {
      const { config } = services;
      const body = String(raw);
      const secrets = config.STRIPE_WEBHOOK_SECRET;
      const check = await checkStripeSignature(secrets, headers['stripe-signature'], body);
      const isSigned = check === 'valid';
      if (!isSigned && !mayBeUnsigned(config, secrets)) {
        countRefused(services, 'other');
        return fail(set, 'signature_invalid', `The webhook signature is ${check}; nothing was recorded.`);
      }
      const event = readJson(contract, body);
      const facts = stripeFacts(event);
      const arrival: Arrival = { provider: 'stripe', senderKey: event.id, isSigned, headers, body, facts };
      const received = await receive(services, arrival);
      if (received.kind === 'failed') {
        services.log.warn('a Stripe event is recorded and was left to the workers', {
          event: event.id,
          error: received.error,
        });
      }
      const outcome = received.kind === 'failed' ? 'received' : outcomeOf(received);
      return succeed<StripeReceiptBody>(set, 200, 'The event is recorded.', { outcome });
    },
    {
      ...asRawJson,
      ...documented({
        summary: 'A Stripe event: payments, failures and full refunds act, the rest is recorded',
        tag: 'Webhooks',
        success: { 200: StripeReceipt },
        failures: ['bad_request', 'signature_invalid', 'unavailable'],
        takesBody: true,
        body: StripeEvent,
        headers: {
          'Stripe-Signature': `t=<Unix seconds>,v1=<HMAC-SHA256>; at most ${WEBHOOK_TOLERANCE_S} s old.`,
        },
      }),
    },
  );
}

const contract = TypeCompiler.Compile(StripeEvent);
