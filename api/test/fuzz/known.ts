/** What callers have learned so far: ids in pools, named after the collection in whose paths they stand. */

import { collectionOf } from '../../http/path-parameters.ts';
import type { DocumentedRoute } from './document.ts';
import type { RawReply } from './raw-http.ts';

export type Known = Map<string, string[]>;

/** A place in a pool, looked up when the request is written. */
export class Pick {
  readonly from: string;
  readonly nth: number;
  constructor(from: string, nth: number) {
    this.from = from;
    this.nth = nth;
  }
}

/** The newest are the most interesting: most of them still live. */
const NEWEST = 60;

export function find({ from, nth }: Pick, known: Known): string {
  const pool = known.get(from) ?? [];
  return pool[pool.length - 1 - (nth % Math.max(1, Math.min(NEWEST, pool.length)))] ?? crypto.randomUUID();
}

export function add(known: Known, pool: string, value: unknown): void {
  if (typeof value !== 'string' && typeof value !== 'number') return;
  const values = known.get(pool) ?? [];
  known.set(pool, values);
  values.push(String(value));
}

/** The pool of a path's parameter. */
export function poolOf({ method, path, needsToken }: DocumentedRoute): string | null {
  const [, name] = /\{(\w+)\}/.exec(path) ?? [];
  if (name === undefined) return null;
  if (path.endsWith('/{intent}/refunded')) return 'intents';
  // Few orders are owed back, and only those can be refunded.
  if (path.endsWith('/refunded')) return 'owed orders';
  return poolFor(collectionOf(path, name), needsToken && method !== 'GET');
}

/** Operators change sales and products of their own, so that buyers find theirs open. */
export function poolFor(collection: string, isChange: boolean): string {
  return isChange && (collection === 'sales' || collection === 'products')
    ? `operated ${collection}`
    : collection;
}

/** Later requests use what earlier replies told. */
export function learn(known: Known, route: DocumentedRoute, { status, body }: RawReply): void {
  if ((status !== 200 && status !== 201) || !body.startsWith('{')) return;
  const { data } = JSON.parse(body) as { data?: Facts };
  if (typeof data !== 'object' || data === null) return;
  if (route.needsToken) learnAsOperator(known, route, data);
  else learnAsBuyer(known, data);
}

type Facts = Record<string, unknown>;

function learnAsBuyer(known: Known, data: Facts): void {
  if (typeof data['expires_at'] === 'string') add(known, 'holds', data['hold_id']);
  if (data['status'] === 'refund_due') add(known, 'owed orders', data['order_id']);
  if (typeof data['pay_with'] !== 'string') return;
  const intent = data['pay_with'].slice('payment_intent_id: '.length);
  add(known, 'intents', intent);
  add(known, 'orders', data['order_id']);
  // The hold and the intent at one place belong together.
  add(known, 'ordered holds', data['hold_id']);
  add(known, 'ordered intents', intent);
}

/** What was made, in the collection of its path; and deliveries that are listed, which nobody makes here. */
function learnAsOperator(known: Known, { method, path }: DocumentedRoute, data: Facts): void {
  const [, collection = ''] = /^\/ops\/(?:webhooks\/)?([a-z]+)(?:\/\{id\}\/replay)?$/.exec(path) ?? [];
  if (method === 'POST') {
    const made = path.endsWith('/replay') ? 'replays' : collection;
    add(known, poolFor(made, true), data['id'] ?? data['name']);
  } else if (collection === 'webhooks' && Array.isArray(data['items'])) {
    // Who lists gets the same again and again; a few do.
    for (const item of data['items'].slice(0, 2) as Facts[]) add(known, collection, item['id']);
  }
}
