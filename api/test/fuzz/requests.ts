/**
 * Requests from right to absurd. A plan is plain data; ids in it are picks from what earlier replies made known, so
 * that many requests meet holds and orders that exist.
 */

import fc from 'fast-check';
import type { DocumentedRoute, JsonSchema } from './document.ts';
import type { RawRequest } from './raw-http.ts';

/** What a caller may have learned so far. */
export interface Known {
  readonly products: readonly string[];
  readonly holds: string[];
  readonly intents: string[];
  /** Of orders: the hold and the intent at one place belong together. */
  readonly orderHolds: string[];
  readonly orderIntents: string[];
}

class Pick {
  readonly from: keyof Known;
  readonly nth: number;
  constructor(from: keyof Known, nth: number) {
    this.from = from;
    this.nth = nth;
  }
}

export interface RequestPlan {
  readonly route: DocumentedRoute;
  readonly method: string;
  readonly id: unknown;
  /** What is done to the path: `{}` stands for it as it should be. */
  readonly path: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: BodyPlan | null;
}

type BodyPlan =
  | { kind: 'json'; value: unknown }
  | { kind: 'changed'; value: Record<string, unknown>; change: Change }
  | { kind: 'text'; text: string }
  | { kind: 'cut'; value: unknown; at: number };

type Change = { drop: number } | { set: number; to: unknown } | { add: string; as: unknown };

export function requestPlans(routes: readonly DocumentedRoute[]): fc.Arbitrary<RequestPlan> {
  // What changes something is the more interesting half.
  return fc.oneof(
    ...routes.map((route) => ({ weight: route.body === null ? 1 : 2, arbitrary: plansFor(route) })),
  );
}

function plansFor(route: DocumentedRoute): fc.Arbitrary<RequestPlan> {
  return fc.record({
    route: fc.constant(route),
    method: often(9, fc.constant(route.method), fc.constantFrom(...METHODS)),
    id: often(5, picked(route.path.includes('holds') ? 'holds' : 'products'), oddIds),
    path: often(12, fc.constant('{}'), oddPaths),
    headers: headersFor(route),
    body: route.body === null ? often(9, fc.constant(null), bodies({})) : bodies(route.body),
  });
}

function often<A, B>(times: number, one: fc.Arbitrary<A>, other: fc.Arbitrary<B>): fc.Arbitrary<A | B> {
  return fc.oneof({ weight: times, arbitrary: one }, { weight: 1, arbitrary: other });
}

function picked(from: keyof Known): fc.Arbitrary<Pick> {
  return fc.nat(999).map((nth) => new Pick(from, nth));
}

// ---- request line ----

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND'];

const oddIds = fc.oneof(
  fc.uuid(),
  fc.uuid({ version: 8 }),
  fc.constantFrom('0', '-1', '01', '1e3', '1.0', '4294967295', '4294967296', '9'.repeat(40), 'NaN', 'null'),
  fc.constantFrom('__proto__', 'constructor', 'toString', 'hasOwnProperty', '%00', '%ff', '%', '%2e%2e', '*'),
  fc.webSegment({ size: 'small' }),
  fc.constant('a'.repeat(2_000)),
);

const oddPaths = fc.oneof(
  fc.constantFrom(
    '{}/',
    '/{}',
    '{}//',
    '{}?',
    '{}?a=b&a=c&__proto__[x]=1',
    '{}#x',
    '{};v=1',
    '{}%00',
    '{}/..',
  ),
  fc.constantFrom('/', '//', '/api', '/api/', '/apix/holds', '/api/holds/a/b', '/API/HOLDS', '/docs/../api'),
  fc.constantFrom('/health/live', '/metrics', '/.env', '/.git/config', '/api/%68olds', '/%2e%2e/etc/passwd'),
  fc.webPath({ size: 'small' }).map((path) => `/api${path}`),
);

// ---- headers ----

const CONTENT_TYPES = [
  'text/plain',
  'application/json; charset=utf-8',
  'APPLICATION/JSON',
  'application/jsonx',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'application/octet-stream',
  '',
  ';;',
  'application/json, application/json',
];

const oddTexts = fc.oneof(
  fc.constantFrom(
    '',
    ' ',
    'a b',
    'ü',
    'x'.repeat(255),
    'x'.repeat(256),
    '0',
    'true',
    '"',
    ',',
    'v1,AAAA',
    '1e400',
  ),
  fc.string({ unit: fc.constantFrom('a', '-', ' ', '=', ',', 'é', '💥', '%', '<', '\\'), maxLength: 20 }),
);

const ODD_HEADERS: [string, string][] = [
  ['accept', 'text/html'],
  ['accept-encoding', 'gzip, br'],
  ['authorization', 'Bearer x'],
  ['connection', 'close'],
  ['content-encoding', 'gzip'],
  ['cookie', 'a=b; __proto__=c'],
  ['forwarded', 'for=[::1]'],
  ['if-none-match', '*'],
  ['origin', 'null'],
  ['range', 'bytes=0-1'],
  ['x-forwarded-host', 'evil.example'],
  ['x-http-method-override', 'DELETE'],
  ['x-long', 'y'.repeat(3_000)],
];

function headersFor(route: DocumentedRoute): fc.Arbitrary<[string, string][]> {
  const contentType = often(14, fc.constant('application/json'), fc.constantFrom(...CONTENT_TYPES));
  const meant = route.headers.map((name) => often(2, fc.constant(null), named(name, keysOrOdd)));
  return fc
    .tuple(
      contentType.map((type): [string, string] | null => (type === '' ? null : ['content-type', type])),
      often(6, fc.constant(null), named('x-request-id', oddTexts)),
      often(6, fc.constant(null), fc.constantFrom(...ODD_HEADERS)),
      ...meant,
    )
    .map((headers) => headers.filter((header) => header !== null));
}

const keysOrOdd = often(
  3,
  fc.nat(15).map((nth) => `key ${nth}`),
  oddTexts,
);

function named(name: string, values: fc.Arbitrary<string>): fc.Arbitrary<[string, string]> {
  return values.map((value) => [name, value]);
}

// ---- bodies ----

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

function bodies(schema: JsonSchema): fc.Arbitrary<BodyPlan> {
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
  if (!('amount' in properties)) return right;
  // Of a payment: chosen one by one, hold and intent would hardly ever be of the same order, and all of it right.
  return fc.tuple(right, fc.nat(999), fc.nat(2)).map(([value, nth, kind]) => {
    const pair = { hold_id: new Pick('orderHolds', nth), payment_intent_id: new Pick('orderIntents', nth) };
    return [value, { ...value, ...pair }, pair][kind] as Record<string, unknown>;
  });
}

const POOL_OF: Readonly<Record<string, keyof Known>> = {
  product_id: 'products',
  hold_id: 'holds',
  payment_intent_id: 'intents',
};

function valueOf(name: string, schema: JsonSchema): fc.Arbitrary<unknown> {
  const pool = POOL_OF[name];
  const { minimum = 0, maximum = 1_000, pattern, maxLength = 20 } = schema;
  if (pool === 'intents')
    return fc.oneof(
      picked(pool),
      fc.nat(99_999).map((nth) => `pi_${nth}`),
    );
  if (pool !== undefined) return often(20, picked(pool), fc.constantFrom(fresh(pool)));
  if (name === 'amount')
    return fc.oneof(fc.constantFrom(19.99, 39.98, 59.97), fc.double({ min: 0, max: 1e12, noNaN: true }));
  if (schema.type === 'integer') return fc.integer({ min: minimum, max: Math.min(maximum, minimum + 9) });
  if (pattern === '^[A-Z]{3}$') return fc.constantFrom('EUR', 'USD', 'XXX');
  return fc.string({
    unit: fc.constantFrom('a', 'B', '7', '-', '|', '~'),
    minLength: 1,
    maxLength: Math.min(9, maxLength),
  });
}

/** Of the right form, and unknown to everybody. */
function fresh(pool: keyof Known): unknown {
  return pool === 'products' ? 4_000_000_000 : crypto.randomUUID();
}

// ---- from plan to bytes ----

export function requestOf(plan: RequestPlan, known: Known): RawRequest {
  const id = plan.id instanceof Pick ? pick(plan.id, known) : String(plan.id);
  const right = plan.route.path.replace('{id}', () => String(id));
  const target = plan.path.replace('{}', () => right);
  const body = plan.body === null ? null : bodyOf(plan.body, known);
  return { method: plan.method, target, headers: plan.headers.map(oneLine), body };
}

/** The bytes of a header's value may be odd, but a line feed would begin another header. */
function oneLine([name, value]: readonly [string, string]): readonly [string, string] {
  return [name, value.replaceAll(/[\r\n\0]/g, '?')];
}

function bodyOf(plan: BodyPlan, known: Known): Buffer {
  switch (plan.kind) {
    case 'json':
      return textOf(plan.value, known);
    case 'changed':
      return textOf(changed(plan.value, plan.change), known);
    case 'text':
      return Buffer.from(plan.text);
    case 'cut':
      return textOf(plan.value, known).subarray(0, plan.at);
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

function textOf(value: unknown, known: Known): Buffer {
  const text = JSON.stringify(value, (_, inner: unknown) => {
    if (!(inner instanceof Pick)) return inner;
    const found = pick(inner, known);
    return inner.from === 'products' ? Number(found) : found;
  });
  return Buffer.from(text ?? 'undefined');
}

function pick({ from, nth }: Pick, known: Known): string {
  const pool = known[from];
  // The newest are the most interesting: most of them still live.
  return pool[pool.length - 1 - (nth % Math.max(1, Math.min(60, pool.length)))] ?? crypto.randomUUID();
}
