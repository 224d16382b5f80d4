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
  'events',
  'even_rates',
  'odd_rates',
] as const;

/** All keys that we ever name, as Redis matches them. */
export const SALE_KEYS_PATTERN = '{s:*';

export function saleKeys(saleId: number): string[] {
  return SALE_KEY_NAMES.map((name) => `{s:${saleId}}:${name}`);
}

/** Ids of sales begin at 1; what belongs to none of them has keys like a sale. */
export const NO_SALE = 0;

/** The stream of a sale's events; of NO_SALE: of those that belong to none, or to one that Redis does not serve. */
export function eventsKey(saleId: number): string {
  return `{s:${saleId}}:events`;
}

/** Says which time of the streams this is: another one begins when they cannot be put in one order with the last. */
export function eventsEraKey(): string {
  return `{s:${NO_SALE}}:era`;
}

export function saleMetaKey(saleId: number): string {
  return `{s:${saleId}}:${SALE_KEY_NAMES[0]}`;
}

export function saleDeadlinesKey(saleId: number): string {
  return `{s:${saleId}}:${SALE_KEY_NAMES[2]}`;
}
