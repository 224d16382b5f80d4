/** The variables of the collection. The walk sets most of them, so that the other requests find what it made. */

import { exampleOf } from '../../http/example.ts';
import type { Variable } from './format.ts';

const exampleId = (name: string) => String(exampleOf({ type: 'string' }, name));

export const VARIABLES: readonly Variable[] = [
  { key: 'baseUrl', value: 'http://127.0.0.1:8000', description: 'For buyers and payment providers.' },
  { key: 'opsUrl', value: 'http://127.0.0.1:8001', description: 'For operators.' },
  { key: 'token', value: '', description: "An operator's; the first one is in .flashsale/operator-token." },
  { key: 'webhookSecret', value: '', description: 'One of WEBHOOK_SECRET, if that is set.' },
  { key: 'stripeWebhookSecret', value: '', description: 'One of STRIPE_WEBHOOK_SECRET, if that is set.' },
  { key: 'streams', value: 'no', description: 'yes: also open server-sent events, which never end.' },
  { key: 'productId', value: '1' },
  { key: 'saleId', value: '1' },
  { key: 'holdId', value: exampleId('hold_id') },
  { key: 'holdKey', value: 'basket-1', description: 'The Idempotency-Key of the hold.' },
  { key: 'orderId', value: exampleId('order_id') },
  { key: 'paymentIntentId', value: 'pi_1' },
  { key: 'deliveryId', value: '1' },
  { key: 'replayId', value: '1' },
  { key: 'operatorName', value: 'ann' },
];

const FIELDS: Readonly<Record<string, string>> = {
  product_id: '{{productId}}',
  sale_id: '{{saleId}}',
  hold_id: '{{holdId}}',
  order_id: '{{orderId}}',
  payment_intent_id: '{{paymentIntentId}}',
  delivery_id: '{{deliveryId}}',
};

/** An example body, with variables in place of ids. */
export function inVariables(example: unknown): unknown {
  return JSON.parse(JSON.stringify(example), (name, value: unknown) => FIELDS[name] ?? value) as unknown;
}
