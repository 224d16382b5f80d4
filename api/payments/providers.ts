import type { PaymentEvent, PaymentNotice, StripeEvent } from '@flash-sale/shared/contracts/payment.ts';
import type { Provider } from '@flash-sale/shared/contracts/webhook.ts';
import type { Delivery } from './deliveries.ts';
import type { PaymentFacts } from './facts.ts';
import { nativeFacts } from './native.ts';
import { stripeFacts } from './stripe.ts';

type Read = (event: string, body: unknown) => PaymentFacts;

/** Bodies were checked against their contract before they were recorded. */
const READERS: Readonly<Record<Provider, Read>> = {
  native: (event, body) => nativeFacts(event as PaymentEvent, body as PaymentNotice),
  stripe: (_, body) => stripeFacts(body as StripeEvent),
};

/** The facts of a recorded delivery, read back from its body. */
export function factsOf({
  provider,
  event,
  body,
}: Pick<Delivery, 'provider' | 'event' | 'body'>): PaymentFacts {
  return READERS[provider as Provider](event, JSON.parse(body));
}
