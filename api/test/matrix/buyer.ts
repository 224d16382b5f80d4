/** What every test of the matrix does: hold, order, and look whether the sale adds up. */

import { expect } from 'bun:test';
import type { Services } from '../../services.ts';
import { audit } from '../audit.ts';
import { hold, order } from '../client.ts';
import type { OneSale, World } from '../world.ts';

export const newIntent = () => `pi_${crypto.randomUUID()}`;

/** I1 and I2 at this very moment. @throws when the sale is not armed. */
export async function look(services: Services, { saleId }: Pick<OneSale, 'saleId'>) {
  const seen = await audit(services, saleId);
  expect([seen.drift, seen.ordered]).toEqual([0, seen.committed]);
  expect(seen.committed).toBeLessThanOrEqual(seen.allotment);
  return seen;
}

/** @returns the id of a new hold. */
export async function held(api: Pick<World, 'listening'>, { productId }: OneSale, quantity = 2) {
  const { status, body } = await hold(api, productId, { quantity, ttl: 300 });
  expect([status, body.code]).toEqual([201, undefined]);
  return body.data.hold_id;
}

/** A pending order. */
export async function ordered(api: Pick<World, 'listening'>, sale: OneSale, quantity = 2) {
  const [holdId, intentId] = [await held(api, sale, quantity), newIntent()];
  const { status, body } = await order(api, holdId, intentId);
  expect([status, body.code]).toEqual([201, undefined]);
  return { holdId, intentId, orderId: body.data.order_id };
}

/** Asks again while a store is away, as clients do. */
export async function insist<Reply extends { status: number }>(
  request: () => Promise<Reply>,
  withinMs = 15_000,
): Promise<Reply> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const reply = await request();
    if (reply.status !== 503 || performance.now() > deadline) return reply;
    await Bun.sleep(20);
  }
}
