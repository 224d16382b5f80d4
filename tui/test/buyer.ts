/** What buyers have done before a test looks at it. */

import { hold, order } from '@flash-sale/api/test/client.ts';
import type { OneSale, World } from '@flash-sale/api/test/world.ts';

export interface Ordered {
  readonly holdId: string;
  readonly intentId: string;
  readonly orderId: string;
}

/** A hold that became an order, which waits for its payment. */
export async function placeOrder(
  world: Pick<World, 'listening'>,
  { productId }: Pick<OneSale, 'productId'>,
  intentId: string,
  fields: Parameters<typeof hold>[2] = {},
): Promise<Ordered> {
  const { hold_id: holdId } = (await hold(world, productId, fields)).body.data;
  const placed = await order(world, holdId, intentId);
  if (placed.status !== 201) throw new Error(`no order of ${intentId}: ${placed.body.message}`);
  return { holdId, intentId, orderId: placed.body.data.order_id };
}
