/** What the yardsticks answer: as many bytes as the API does. */

import type { AnyElysia, Context } from 'elysia';
import type { PlaceHold } from '@flash-sale/shared/contracts/hold.ts';

export const HEADERS = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
  'x-request-id': '0d9b7e52-3c41-4f6a-8e17-64a2f5c0b9d8',
};

const PLACED_ID = '00000001-6f0e-8a3c-9d51-2b7c04e1f8a6';

/** The headers of a hold that was placed; a buyer with a name is told how often they may ask. */
export function tellPlaced(set: Context['set'], body: PlaceHold, holdId = PLACED_ID): void {
  set.status = 201;
  set.headers['location'] = `/api/holds/${holdId}`;
  if (body.buyer_id === undefined) return;
  set.headers['ratelimit-policy'] = '"buyer";q=100;w=10';
  set.headers['ratelimit'] = '"buyer";r=100;t=10';
}

export const PLACED = placed(PLACED_ID, Date.now() + 300_000);

export function placed(holdId: string, deadlineMs: number) {
  return {
    status: 'success',
    message: 'The units are held.',
    data: {
      hold_id: holdId,
      expires_in_seconds: 300,
      expires_at: new Date(deadlineMs).toISOString(),
    },
  };
}

export const SOLD_OUT = {
  status: 'error',
  code: 'insufficient_stock',
  message: 'Sold out for now.',
  available_stock: 0,
  retry_in_seconds: 120,
  request_id: HEADERS['x-request-id'],
};

export const PRODUCT = {
  status: 'success',
  message: 'In stock.',
  data: {
    id: 1,
    name: 'Lamp',
    description: 'A lamp.',
    price: 19.99,
    currency: 'EUR',
    total_stock: 10_000_000,
    available_stock: 10_000_000,
    is_sold_out: false,
    sale: {
      id: 1,
      state: 'live',
      opens_at: '2026-01-01T00:00:00.000Z',
      closes_at: null,
      hold_ttl_seconds: 120,
      pay_window_seconds: 300,
      buyer_limit: null,
    },
  },
};

/** Says where it listens, and goes on until it is killed. */
export function listenForBench(app: AnyElysia): void {
  app.listen({ hostname: '127.0.0.1', port: 0 });
  console.error(
    JSON.stringify({ message: 'listening', url: `http://127.0.0.1:${app.server?.port}`, opsUrl: '' }),
  );
}
