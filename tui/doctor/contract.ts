/** Whether this terminal and the API are of the same make: the API describes itself in its OpenAPI document. */

import { VERSION } from '@flash-sale/shared/version.ts';
import { ok, warn, no, type Check } from './check.ts';

export interface ApiDocument {
  readonly title: string;
  readonly version: string;
  /** "GET /ops/sales/{id}" */
  readonly operations: ReadonlySet<string>;
}

/** What a listener says of itself is data of others until it was looked at. @returns null: it is no such document */
export function documentOf(body: unknown): ApiDocument | null {
  if (!isObject(body) || !isObject(body['info']) || !isObject(body['paths'])) return null;
  const { title, version: apiVersion } = body['info'];
  if (typeof title !== 'string' || typeof apiVersion !== 'string') return null;
  const operations = Object.entries(body['paths']).flatMap(([path, methods]) =>
    Object.keys(isObject(methods) ? methods : {}).map((method) => `${method.toUpperCase()} ${path}`),
  );
  return { title, version: apiVersion, operations: new Set(operations) };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isOfOperators({ operations }: ApiDocument): boolean {
  return operations.has('GET /ops/overview');
}

/** Everything that this terminal may ask for. */
export const ASKED_FOR = [
  'GET /ops/overview',
  'GET /ops/events',
  'GET /ops/me',
  'GET /ops/operators',
  'POST /ops/operators',
  'POST /ops/operators/{name}/revoke',
  'GET /ops/audit',
  'GET /ops/audit/verify',
  'POST /ops/rehearsals',
  'GET /ops/products',
  'POST /ops/products',
  'GET /ops/products/{id}',
  'PATCH /ops/products/{id}',
  'GET /ops/sales',
  'POST /ops/sales',
  'GET /ops/sales/{id}',
  'PATCH /ops/sales/{id}',
  'POST /ops/sales/batch',
  'POST /ops/sales/{id}/schedule',
  'POST /ops/sales/{id}/launch',
  'POST /ops/sales/{id}/pause',
  'POST /ops/sales/{id}/resume',
  'POST /ops/sales/{id}/end',
  'POST /ops/sales/{id}/halt',
  'POST /ops/sales/{id}/window',
  'POST /ops/sales/{id}/stock',
  'GET /ops/sales/{id}/holds',
  'POST /ops/holds/{id}/release',
  'POST /ops/holds/{id}/extend',
  'GET /ops/orders',
  'GET /ops/orders/{id}',
  'POST /ops/orders/{id}/cancel',
  'POST /ops/orders/{id}/refunded',
  'GET /ops/refunds',
  'POST /ops/refunds/{provider}/{intent}/refunded',
  'GET /ops/webhooks',
  'GET /ops/webhooks/{id}',
  'POST /ops/webhooks/{id}/replay',
  'POST /ops/webhooks/replay',
  'POST /ops/webhooks/replays/{id}/stop',
  'GET /ops/webhooks/replays',
  'GET /ops/webhooks/replays/{id}',
  'GET /ops/webhooks/replays/{id}/items',
] as const;

export function contractCheck({ version: apiVersion, operations }: ApiDocument): Check {
  const missing = ASKED_FOR.filter((operation) => !operations.has(operation));
  const both = `the API is ${apiVersion}, this terminal ${VERSION}`;
  if (missing.length > 0) {
    return no(
      'contract',
      `${both}; the API has no ${missing.join(', ')}`,
      'use the terminal that came with the API, or update the API',
    );
  }
  if (apiVersion !== VERSION) return warn('contract', both, 'use the terminal that came with the API');
  return ok('contract', `both are ${VERSION}`);
}
