import { TypeCompiler } from '@sinclair/typebox/compiler';
import { Elysia } from 'elysia';
import {
  PaymentNotice,
  PaymentReceipt,
  type PaymentEvent,
  type PaymentReceipt as PaymentReceiptBody,
} from '@flash-sale/shared/contracts/payment.ts';
import { WEBHOOK_TOLERANCE_S } from '@flash-sale/shared/limits.ts';
import { asRawJson, readJson } from '../http/body.ts';
import { documented } from '../http/documented.ts';
import { checkKey } from '../http/idempotency-key.ts';
import { fail, succeed, type ReplySet } from '../http/reply.ts';
import type { Services } from '../services.ts';
import { countRefused, receive } from './arrival.ts';
import type { Processed } from './decide.ts';
import type { Arrival } from './deliveries.ts';
import { nativeFacts } from './native.ts';
import { checkSignature, mayBeUnsigned } from './signature.ts';

type Headers = Readonly<Record<string, string | undefined>>;

export function paymentRoutes(services: Services) {
  const route = (event: 'payment_success' | 'payment_failed', summary: string) => ({
    handler: async (request: { body: unknown; headers: Headers; set: ReplySet }) => {
      const { headers, set } = request;
      const body = String(request.body);
      const secrets = services.config.WEBHOOK_SECRET;
      const check = checkSignature(secrets, headers, body);
      if (check !== 'valid' && !mayBeUnsigned(services.config, secrets)) {
        countRefused(services, event);
        return fail(set, 'signature_invalid', `The webhook signature is ${check}; nothing was recorded.`);
      }
      const received = await receive(services, readArrival(event, headers, body, check === 'valid'));
      if (received.kind === 'failed') throw received.error;
      return answer(set, received);
    },
    hook: {
      ...asRawJson,
      ...documented({
        summary,
        tag: 'Webhooks',
        success: { 200: PaymentReceipt },
        failures: ['bad_request', 'signature_invalid', 'payment_intent_unknown', 'unavailable'],
        takesBody: true,
        body: PaymentNotice,
        headers: {
          'webhook-id': 'Standard Webhooks: the id of the message, the same in every attempt.',
          'webhook-timestamp': `Standard Webhooks: Unix seconds, at most ${WEBHOOK_TOLERANCE_S} s off.`,
          'webhook-signature': 'Standard Webhooks: v1,<base64 of HMAC-SHA256>; several separated by spaces.',
          'Idempotency-Key': 'Used to recognise a repeated delivery when there is no webhook-id.',
        },
      }),
    },
  });
  const succeeded = route('payment_success', 'A payment succeeded');
  const failed = route('payment_failed', 'A payment failed: its order is cancelled and the units return');
  return new Elysia()
    .post('/api/webhook/payment-success', succeeded.handler, succeeded.hook)
    .post('/api/webhook/payment-failed', failed.handler, failed.hook);
}

const notice = TypeCompiler.Compile(PaymentNotice);

function readArrival(event: PaymentEvent, headers: Headers, body: string, isSigned: boolean): Arrival {
  const facts = nativeFacts(event, readJson(notice, body));
  return {
    provider: 'native',
    senderKey:
      checkKey(headers['webhook-id'], 'webhook-id') ??
      checkKey(headers['idempotency-key'], 'Idempotency-Key'),
    isSigned,
    headers,
    body,
    facts,
  };
}

function answer(set: ReplySet, processed: Processed) {
  if (processed.kind !== 'done') {
    return fail(
      set,
      'payment_intent_unknown',
      'No order has this payment intent yet. The delivery is recorded and applied when the order appears.',
    );
  }
  const { order, state, disposition } = processed;
  const receipt: PaymentReceiptBody = {
    hold_id: order.holdId,
    order_id: order.id,
    status: state,
    payment: disposition,
  };
  return succeed(set, 200, 'The delivery is recorded.', receipt);
}
