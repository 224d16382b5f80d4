/**
 * The keys of one sale, in the order in which `lua/sale.lua` names them. One hash tag per sale, so that a sale
 * lives on one Redis Cluster shard and every script touches one shard only.
 */
export const SALE_KEY_NAMES = [
  'meta',
  'holds',
  'deadlines',
  'leases',
  'past',
  'ended',
  'idempotency',
  'buyers',
  'credits',
] as const;

export function saleKeys(saleId: number): string[] {
  return SALE_KEY_NAMES.map((name) => `{s:${saleId}}:${name}`);
}

export function saleMetaKey(saleId: number): string {
  return `{s:${saleId}}:${SALE_KEY_NAMES[0]}`;
}

export function saleDeadlinesKey(saleId: number): string {
  return `{s:${saleId}}:${SALE_KEY_NAMES[2]}`;
}
