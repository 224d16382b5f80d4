/** Talks to the API as buyers and payment providers do: over HTTP. */

import type { World } from './world.ts';

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
  };
}

export async function send<Data = Record<string, unknown>>(
  world: Pick<World, 'listening'>,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer<Data>> {
  const response = await fetch(new URL(path, world.listening.url), {
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

export type HoldData = {
  readonly hold_id: string;
  readonly expires_in_seconds: number;
  readonly expires_at: string;
};

export type OrderData = {
  readonly order_id: string;
  readonly status: string;
};

export function hold(
  world: Pick<World, 'listening'>,
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

export function order(world: Pick<World, 'listening'>, holdId: string, intentId: string) {
  return send<OrderData>(world, 'POST', '/api/orders', { hold_id: holdId, payment_intent_id: intentId });
}

export function pay(
  world: Pick<World, 'listening'>,
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

export async function availableStock(world: Pick<World, 'listening'>, productId: number): Promise<number> {
  const { body } = await send<{ available_stock: number }>(world, 'GET', `/api/products/${productId}`);
  return body.data.available_stock;
}
