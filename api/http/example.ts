/**
 * An example of anything that has a contract, made from the contract. One word means one thing everywhere, so it also
 * has one example everywhere: the examples of a hold, its order and its payment speak of the same hold.
 */

import type { JsonSchema } from './json-schema.ts';

const HOLD_ID = '00000001-6f0e-8a3c-9d51-2b7c04e1f8a6';
const ORDER_ID = '5f3a1c9e-7d24-4b86-a0f2-91c6e8d7b345';
export const REQUEST_ID = '0d9b7e52-3c41-4f6a-8e17-64a2f5c0b9d8';

type Word = string | number | null;

/** What a field of this name holds, unless its contract has an example of its own. */
const WORDS: Readonly<Record<string, Word>> = {
  message: 'Done.',
  request_id: REQUEST_ID,
  next_cursor: null,
  id: 1,
  name: 'Lamp',
  description: 'A lamp that folds.',
  price: 599,
  amount: 1198,
  currency: 'USD',
  created_at: '2026-11-27T08:00:00.000Z',
  updated_at: '2026-11-27T09:01:40.000Z',
  at: '2026-11-27T09:01:40.000Z',

  product_id: 1,
  product_name: 'Lamp',
  total_stock: 100,
  available_stock: 40,

  sale_id: 1,
  allotment: 100,
  available: 40,
  held: 18,
  ordered: 12,
  paid: 30,
  returning: 0,
  opens_at: '2026-11-27T09:00:00.000Z',
  closes_at: '2026-11-27T21:00:00.000Z',
  ended_at: null,
  hold_ttl: 120,
  hold_ttl_seconds: 120,
  pay_window: 300,
  pay_window_seconds: 300,
  buyer_limit: 4,
  buyer_rate: 100,
  address_rate: null,
  epoch: 3,

  hold_id: HOLD_ID,
  quantity: 2,
  ttl: 120,
  buyer_id: 'buyer-7',
  expires_at: '2026-11-27T09:02:00.000Z',
  expires_in_seconds: 120,

  order_id: ORDER_ID,
  payment_intent_id: 'pi_1',
  pay_with: 'payment_intent_id: pi_1',
  pay_by: '2026-11-27T09:06:40.000Z',
  refund_reference: null,

  provider: 'native',
  delivery_id: 1,

  actor: 'ann',
  role: 'operator',
  revoked_at: null,
};

const OF_FORMAT: Readonly<Record<string, unknown>> = {
  uuid: ORDER_ID,
  'date-time': '2026-11-27T09:00:00.000Z',
};

/** @param name of the field, when it is one */
export function exampleOf(schema: JsonSchema, name = ''): unknown {
  const known = knownExample(schema, name);
  if (known !== undefined) return known;
  if (schema.anyOf !== undefined) return exampleOf(preferred(schema.anyOf), name);
  if (schema.allOf !== undefined) return exampleOf(asOne(schema.allOf), name);
  if (schema.properties !== undefined) return exampleObject(schema);
  switch (typeOf(schema)) {
    case 'object':
      return {};
    case 'array':
      return schema.items === undefined ? [] : [exampleOf(schema.items, singular(name))];
    case 'boolean':
      return true;
    case 'integer':
    case 'number':
      return schema.minimum ?? 1;
    case 'string':
      return 'text';
    case undefined:
    default:
      return null;
  }
}

/** Fields whose example would be a guess: give them `examples: [...]` in their contract, or their name a word above. */
export function guessesIn(schema: JsonSchema, name = '', path = name): string[] {
  if (knownExample(schema, name) !== undefined) return [];
  if (schema.anyOf !== undefined) return guessesIn(preferred(schema.anyOf), name, path);
  if (schema.allOf !== undefined) return guessesIn(asOne(schema.allOf), name, path);
  if (schema.items !== undefined) return guessesIn(schema.items, singular(name), `${path}[]`);
  if (schema.properties !== undefined) {
    return shownFields(schema).flatMap(([field, inner]) => guessesIn(inner, field, `${path}.${field}`));
  }
  const type = typeOf(schema);
  return type === 'string' || type === 'integer' || type === 'number' ? [path] : [];
}

function knownExample(schema: JsonSchema, name: string): unknown {
  if (schema.examples !== undefined) return schema.examples[0];
  if (schema.const !== undefined) return schema.const;
  // A word is only an example of what it can be: `state` of a sale is not that of a hold.
  const word = Object.hasOwn(WORDS, name) ? WORDS[name] : undefined;
  if (word !== undefined && isOf(schema, word)) return word;
  return schema.enum?.[0] ?? OF_FORMAT[schema.format ?? ''];
}

function isOf(schema: JsonSchema, word: Word): boolean {
  if (schema.anyOf !== undefined) return schema.anyOf.some((member) => isOf(member, word));
  if (schema.enum !== undefined) return schema.enum.includes(word);
  const types = [schema.type].flat();
  if (word === null) return types.includes('null');
  if (typeof word === 'number') return types.includes('integer') || types.includes('number');
  if (!types.includes('string')) return false;
  if (schema.pattern !== undefined) return new RegExp(schema.pattern, 'u').test(word);
  return schema.format === undefined || FORMS[schema.format]?.test(word) === true;
}

const FORMS: Readonly<Record<string, RegExp>> = {
  uuid: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
  'date-time': /^\d{4}-\d\d-\d\dT[\d:.]+Z$/,
};

function exampleObject(schema: JsonSchema): Record<string, unknown> {
  return Object.fromEntries(shownFields(schema).map(([name, inner]) => [name, exampleOf(inner, name)]));
}

/** What must be there, and what may be there and has something to show. */
function shownFields({ properties = {}, required = [] }: JsonSchema): [string, JsonSchema][] {
  return Object.entries(properties).filter(
    ([name, inner]) =>
      required.includes(name) ||
      inner.properties !== undefined ||
      inner.examples !== undefined ||
      (inner.const === undefined && knownExample(inner, name) !== undefined),
  );
}

function preferred(members: readonly JsonSchema[]): JsonSchema {
  return members.find(({ type }) => type !== 'null') ?? {};
}

function asOne(parts: readonly JsonSchema[]): JsonSchema {
  return parts.reduce((all, part) => ({
    ...all,
    ...part,
    ...(part.properties === undefined ? {} : { properties: { ...all.properties, ...part.properties } }),
  }));
}

function typeOf({ type }: JsonSchema): string | undefined {
  return typeof type === 'object' ? type.find((one) => one !== 'null') : type;
}

/** The words of a list are about one thing of it. */
function singular(name: string): string {
  return name.replace(/s$/, '');
}
