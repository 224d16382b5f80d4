/** Brings a sale to where a schedule begins, by the features themselves. */

import { placeHold } from '../../holds/holds.ts';
import { expireOrders } from '../../orders/expiry.ts';
import { placeOrder } from '../../orders/orders.ts';
import { recordDelivery } from '../../payments/deliveries.ts';
import { processDelivery } from '../../payments/payments.ts';
import { pinHold } from '../../redis/hold-scripts.ts';
import { rebuildSale } from '../../sales/rebuild.ts';
import type { Services } from '../../services.ts';
import { passPayWindow } from '../settling.ts';
import { readRows } from './feature-look.ts';
import { orDied } from './feature-stage.ts';
import type { FeatureWorld } from './feature-world.ts';
import { becomeFormer, letPass, passDeadline } from './photograph.ts';
import type { Scene } from './schedule-steps.ts';

export interface SceneHold {
  readonly holdId: string;
  readonly intentId: string;
  /** Nothing was lost, released or overdue when the schedule began: it must be honoured (I7). */
  readonly isSound: boolean;
}

/** @returns the holds that could be made: an allotment may be too small for all */
export async function setScene(world: FeatureWorld, services: Services, scene: Scene): Promise<SceneHold[]> {
  const { redis } = world.world.services;
  const { saleId } = world.sale;
  await rebuildSale(services, saleId);
  const made: SceneHold[] = [];
  for (const [index, hold] of scene.holds.entries()) {
    const intentId = `pi_${index}`;
    const holdId = await makeHold(world, services, { ...hold, intentId });
    if (holdId === null) continue;
    if (hold.isOver) await passDeadline(redis, saleId, holdId, 1_000);
    made.push({ holdId, intentId, isSound: !hold.isOver && scene.redis !== 'empty' });
    await world.quiet();
  }
  if (scene.holds.some(({ isOver }) => isOver)) await letPass(redis, saleId, 'leases', 1_000);
  if (scene.redis === 'former') await becomeFormer(redis, saleId);
  if (scene.redis === 'empty') await redis.flushall();
  if (scene.redis === 'raised') await orDied(rebuildSale(world.dying(services, 'rebuild.raised'), saleId));
  await world.quiet();
  return made;
}

async function makeHold(
  world: FeatureWorld,
  services: Services,
  { quantity, stage, isOver, intentId }: Scene['holds'][number] & { intentId: string },
): Promise<string | null> {
  const { saleId, productId } = world.sale;
  const wish = { productId, quantity, ttlMs: null, buyerId: 'ann', idempotencyKey: null };
  const placed = await placeHold(services, wish);
  if (placed.kind !== 'held') return null;
  const { holdId } = placed;
  const ordering = { holdId, paymentIntentId: intentId };
  if (stage === 'held') return holdId;
  if (stage === 'pinned') {
    await pinHold(services.redis, saleId, holdId);
    return holdId;
  }
  await orDied(
    placeOrder(stage === 'unsettled' ? world.dying(services, 'order.committed') : services, ordering),
  );
  if (stage === 'paid') await pay(services, holdId, intentId);
  const orderId = (await readRows(world.mysql)).orderIds.get(holdId) ?? '';
  if (stage === 'owed' || isOver) await passPayWindow(services, saleId, [orderId]);
  if (stage === 'owed') await orDied(expireOrders(world.dying(services, 'give.committed')));
  return holdId;
}

/** Each time as a delivery of its own. */
export async function pay(
  services: Services,
  holdId: string,
  intentId: string,
  event: 'payment_success' | 'payment_failed' = 'payment_success',
) {
  const deliveryId = await recordDelivery(services, {
    provider: 'native',
    senderKey: crypto.randomUUID(),
    isSigned: false,
    headers: {},
    body: JSON.stringify({ hold_id: holdId, payment_intent_id: intentId }),
    facts: { event, holdId, intentId, amount: null, currency: null },
  });
  return processDelivery(services, deliveryId, 'arrival');
}
