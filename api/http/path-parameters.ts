/** What stands in a path, by the collection it stands behind: /api/holds/{id} names a hold. */

import { exampleOf } from './example.ts';

interface PathParameter {
  readonly description: string;
  readonly example: string;
}

const holdId = String(exampleOf({ type: 'string' }, 'hold_id'));
const orderId = String(exampleOf({ type: 'string' }, 'order_id'));

const BEHIND: Readonly<Record<string, PathParameter>> = {
  products: { description: "The product's id.", example: '1' },
  sales: { description: "The sale's id.", example: '1' },
  holds: { description: "The hold's id.", example: holdId },
  orders: { description: "The order's id.", example: orderId },
  refunds: { description: 'Who told of the payment.', example: 'native' },
  '{provider}': { description: "The payment's intent.", example: 'pi_1' },
  webhooks: { description: "The delivery's id.", example: '1' },
  replays: { description: "The replay's id.", example: '1' },
  operators: { description: "The operator's name.", example: 'ann' },
};

/** @returns undefined for a collection that is not listed above */
export function pathParameter(path: string, name: string): PathParameter | undefined {
  return BEHIND[collectionOf(path, name)];
}

/** The segment before the parameter, which may be a parameter too. */
export function collectionOf(path: string, name: string): string {
  const segments = path.split('/');
  return segments[segments.indexOf(`{${name}}`) - 1] ?? '';
}
