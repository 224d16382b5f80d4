/** Bodies from right to absurd, made from the schema that the document gives. */

import fc from 'fast-check';
import type { JsonSchema } from '../../http/json-schema.ts';
import { Pick } from './known.ts';

export type BodyPlan =
  | { kind: 'json'; value: unknown }
  | { kind: 'changed'; value: Record<string, unknown>; change: Change }
  | { kind: 'text'; text: string }
  | { kind: 'cut'; value: unknown; at: number };

type Change = { drop: number } | { set: number; to: unknown } | { add: string; as: unknown };

export function often<A, B>(
  times: number,
  one: fc.Arbitrary<A>,
  other: fc.Arbitrary<B>,
): fc.Arbitrary<A | B> {
  return fc.oneof({ weight: times, arbitrary: one }, { weight: 1, arbitrary: other });
}

export function picked(from: string): fc.Arbitrary<Pick> {
  return fc.nat(999).map((nth) => new Pick(from, nth));
}

const oddValues: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom(
    null,
    true,
    false,
    '',
    '1',
    ' ',
    [],
    {},
    [[]],
    0,
    -0,
    -1,
    1.5,
    101,
    2 ** 32,
    2 ** 53,
    1e308,
    -1e308,
  ),
  fc.constantFrom(
    '__proto__',
    'constructor',
    '\u0000',
    '\ud800',
    'ﬃ',
    '١',
    "'; --",
    '{}',
    '1; 2',
    '%s%n',
    'x'.repeat(300),
  ),
  fc.integer(),
  fc.double(),
  fc.string({ unit: 'grapheme' }),
  fc.jsonValue({ maxDepth: 3 }),
  fc.nat(40).map((depth) => JSON.parse('['.repeat(depth) + ']'.repeat(depth) || '0') as unknown),
);

const BROKEN = [
  '',
  ' ',
  'null',
  '0',
  '"text"',
  '[]',
  '{',
  '{"a":',
  "{'a':1}",
  '{"a":1,}',
  '{"a":NaN}',
  '{"product_id":1,"product_id":1,"quantity":1}',
  '{"__proto__":{"product_id":1},"quantity":1}',
  '{"product_id":1e400,"quantity":1}',
  '{"quantity":01}',
  '\ufeff{"product_id":1,"quantity":1}',
  '// x\n{}',
  '<a/>',
  'a=b',
  '{"a":"\ud800"}',
  '['.repeat(30_000),
  `{${Array.from({ length: 2_000 }, (_, n) => `"f${n}":${n}`).join(',')}}`,
];

/** More than any of ours may be. */
const TOO_LARGE = `{"a":"${'x'.repeat(66_000)}"}`;

export function bodies(schema: JsonSchema): fc.Arbitrary<BodyPlan> {
  const right = objectOf(schema);
  const large = { kind: 'text' as const, text: TOO_LARGE };
  const names = fc.oneof(
    fc.constantFrom('__proto__', 'constructor', 'extra', '', 'a.b', '/', 'length'),
    fc.string(),
  );
  const change: fc.Arbitrary<Change> = fc.oneof(
    fc.record({ drop: fc.nat(9) }),
    fc.record({ set: fc.nat(9), to: oddValues }),
    fc.record({ set: fc.nat(9), to: oddValues }),
    fc.record({ add: names, as: oddValues }),
  );
  return fc.oneof(
    { weight: 1, arbitrary: fc.constant(large) },
    { weight: 60, arbitrary: fc.record({ kind: fc.constant('json' as const), value: right }) },
    { weight: 42, arbitrary: fc.record({ kind: fc.constant('changed' as const), value: right, change }) },
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('json' as const), value: oddValues }) },
    {
      weight: 6,
      arbitrary: fc.record({ kind: fc.constant('text' as const), text: fc.constantFrom(...BROKEN) }),
    },
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('cut' as const), value: right, at: fc.nat(80) }) },
  );
}

function objectOf({ properties = {}, required = [] }: JsonSchema): fc.Arbitrary<Record<string, unknown>> {
  const fields = Object.entries(properties).map(([name, schema]) => [name, valueOf(name, schema)] as const);
  const right = fc.record(Object.fromEntries(fields), {
    requiredKeys: [...required],
    noNullPrototype: true,
  });
  if (!('hold_id' in properties && 'amount' in properties)) return right;
  // Of a payment: chosen one by one, hold and intent would hardly ever be of the same order, and all of it right.
  return fc.tuple(right, fc.nat(999), fc.nat(2)).map(([value, nth, kind]) => {
    const pair = {
      hold_id: new Pick('ordered holds', nth),
      payment_intent_id: new Pick('ordered intents', nth),
    };
    return [value, { ...value, ...pair }, pair][kind] as Record<string, unknown>;
  });
}

/** Fields that name something: the pool of what is known, and something of the right form that nobody knows. */
const POOL_OF: Readonly<Record<string, readonly [string, unknown]>> = {
  product_id: ['products', 4_000_000_000],
  hold_id: ['holds', '7fffffff-0000-8000-8000-000000000000'],
  ids: ['webhooks', 4_000_000_000],
};

function valueOf(name: string, schema: JsonSchema): fc.Arbitrary<unknown> {
  const pool = POOL_OF[name];
  if (name === 'payment_intent_id') {
    return often(
      2,
      fc.nat(99_999).map((nth) => `pi_${nth}`),
      picked('intents'),
    );
  }
  if (pool !== undefined && schema.items === undefined) {
    return often(20, picked(pool[0]), fc.constant(pool[1]));
  }
  if (name === 'amount') {
    return fc.oneof(fc.constantFrom(19.99, 39.98, 59.97), fc.double({ min: 0, max: 1e12, noNaN: true }));
  }
  return anyOf(name, schema);
}

function anyOf(name: string, schema: JsonSchema): fc.Arbitrary<unknown> {
  const { minimum = 0, maximum = 1_000, pattern, maxLength = 20, minItems = 0 } = schema;
  if (schema.anyOf !== undefined) return fc.oneof(...schema.anyOf.map((member) => valueOf(name, member)));
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (typeof schema.type === 'object') {
    return fc.oneof(...schema.type.map((type) => valueOf(name, { ...schema, type })));
  }
  switch (schema.type) {
    case 'null':
      return fc.constant(null);
    case 'boolean':
      return fc.boolean();
    case 'object':
      return objectOf(schema);
    case 'array':
      return fc.array(valueOf(name, schema.items ?? {}), { minLength: minItems, maxLength: minItems + 2 });
    case 'integer':
      return fc.oneof(
        fc.integer({ min: minimum, max: Math.min(maximum, minimum + 9) }),
        fc.constantFrom(1, 10, 100).map((some) => Math.max(minimum, Math.min(maximum, some))),
      );
    case 'number':
      return fc.constantFrom(0, 5, 19.99, 599);
    case 'string':
    case undefined:
    default:
      if (schema.format === 'date-time') return instants;
      return textOf(pattern, maxLength);
  }
}

const instants = fc
  .integer({ min: -600, max: 600 })
  .map((minutes) => new Date(Date.now() + minutes * 60_000).toISOString());

function textOf(pattern: string | undefined, maxLength: number): fc.Arbitrary<unknown> {
  if (pattern === '^[A-Z]{3}$') return fc.constantFrom('EUR', 'USD', 'JPY', 'XXX');
  const plain = fc.string({
    unit: fc.constantFrom('a', 'B', '7', '-', '|', '~'),
    minLength: 1,
    maxLength: Math.min(9, maxLength),
  });
  return pattern === undefined ? plain : often(4, fc.stringMatching(new RegExp(pattern)), plain);
}

// ---- from plan to bytes ----

/** @param look finds what a pick stands for */
export function bytesOf(plan: BodyPlan, look: (pick: Pick) => string): Buffer {
  switch (plan.kind) {
    case 'json':
      return written(plan.value, look);
    case 'changed':
      return written(changed(plan.value, plan.change), look);
    case 'text':
      return Buffer.from(plan.text);
    case 'cut':
      return written(plan.value, look).subarray(0, plan.at);
  }
}

function changed(value: Record<string, unknown>, change: Change): Record<string, unknown> {
  // From entries, so that a field called __proto__ is a field.
  const entries = Object.entries(value);
  if ('add' in change) entries.push([change.add, change.as]);
  else if ('drop' in change) entries.splice(change.drop % entries.length, 1);
  else if (entries.length > 0) (entries[change.set % entries.length] as [string, unknown])[1] = change.to;
  return Object.fromEntries(entries);
}

function written(value: unknown, look: (pick: Pick) => string): Buffer {
  const text = JSON.stringify(value, (_, inner: unknown) => {
    if (!(inner instanceof Pick)) return inner;
    const found = look(inner);
    return /^\d+$/.test(found) ? Number(found) : found;
  });
  return Buffer.from(text ?? 'undefined');
}
