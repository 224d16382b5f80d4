/**
 * A hold id is a UUID of version 8 (RFC 9562): its first 32 bits are the sale's id, 90 bits are random. So a hold
 * finds its sale, and its Redis shard, without a look-up, and nobody guesses one.
 */

const SHAPE = /^([0-9a-f]{8})-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

export function newHoldId(saleId: number): string {
  const bytes = Buffer.from(crypto.getRandomValues(new Uint8Array(16)).buffer);
  bytes.writeUInt32BE(saleId, 0);
  bytes[6] = 0x80 | ((bytes[6] ?? 0) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** The sale of a hold, or null when the text is no hold id of ours (any other UUID, say). */
export function saleIdOf(holdId: string): number | null {
  const match = SHAPE.exec(holdId);
  return match?.[1] === undefined ? null : Number.parseInt(match[1], 16);
}
