/** Talks to the API as buyers and payment providers do: over HTTP. */

import { BOOTSTRAP_TOKEN, type World } from './world.ts';

type Api = Pick<World, 'listening'>;

export interface Answer<Data = Record<string, unknown>> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: {
    readonly status: string;
    readonly message: string;
    readonly code?: string;
    readonly data: Data;
    readonly errors?: Record<string, string[]>;
    readonly available_stock?: number;
    readonly retry_in_seconds?: number | null;
    readonly request_id?: string;
    readonly state?: string;
    readonly possible?: readonly string[];
    readonly possible_units?: number;
  };
}

export function send<Data = Record<string, unknown>>(
  world: Api,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer<Data>> {
  return sendTo(world.listening.url, method, path, body, headers);
}

/** As an operator, on the private listener; as the bootstrap admin unless the headers name another token. */
export function ops<Data = Record<string, unknown>>(
  world: Api,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer<Data>> {
  const as = { authorization: `Bearer ${BOOTSTRAP_TOKEN}`, ...headers };
  return sendTo(world.listening.opsUrl, method, path, body, as);
}

async function sendTo<Data>(
  url: string,
  method: string,
  path: string,
  body: unknown,
  headers: Record<string, string>,
): Promise<Answer<Data>> {
  const response = await fetch(new URL(path, url), {
    method,
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Answer<Data>['body'],
  };
}

export type HoldData = Readonly<{ hold_id: string; expires_in_seconds: number; expires_at: string }>;

export type OrderData = Readonly<{ order_id: string; status: string }>;

export function hold(
  world: Api,
  productId: number,
  fields: { quantity?: number; ttl?: number; buyer_id?: string } = {},
  headers: Record<string, string> = {},
) {
  return send<HoldData>(
    world,
    'POST',
    '/api/holds',
    { product_id: productId, quantity: 1, ...fields },
    headers,
  );
}

export function order(world: Api, holdId: string, intentId: string) {
  return send<OrderData>(world, 'POST', '/api/orders', { hold_id: holdId, payment_intent_id: intentId });
}

export function pay(
  world: Api,
  holdId: string,
  intentId: string,
  more: { amount?: number; currency?: string; event?: 'success' | 'failed' } = {},
  headers: Record<string, string> = {},
) {
  const { event = 'success', ...fields } = more;
  const body = { hold_id: holdId, payment_intent_id: intentId, ...fields };
  return send<{ hold_id: string; order_id: string; status: string; payment: string | null }>(
    world,
    'POST',
    `/api/webhook/payment-${event}`,
    body,
    headers,
  );
}

export async function availableStock(world: Api, productId: number): Promise<number> {
  const { body } = await send<{ available_stock: number }>(world, 'GET', `/api/products/${productId}`);
  return body.data.available_stock;
}
