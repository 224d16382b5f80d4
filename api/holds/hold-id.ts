/**
 * A hold id is a UUID of version 8 (RFC 9562): its first 32 bits are the sale's id, 72 bits are random. So a hold
 * finds its sale, and its Redis shard, without a look-up, and nobody guesses one; and Redis can keep it short.
 */

import { formHoldId } from '../redis/hold-name.ts';

const SHAPE = /^([0-9a-f]{8})-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

export function newHoldId(saleId: number): string {
  const random = crypto.randomUUID();
  return formHoldId(saleId, random.slice(15, 18), random.slice(20, 23), random.slice(24));
}

/** The sale of a hold, or null when the text is no hold id of ours (any other UUID, say). */
export function saleIdOf(holdId: string): number | null {
  const match = SHAPE.exec(holdId);
  return match?.[1] === undefined ? null : Number.parseInt(match[1], 16);
}
