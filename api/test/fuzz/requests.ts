/**
 * Requests from right to absurd. A plan is plain data; ids in it are picks from what earlier replies made known, so
 * that many requests meet holds and orders that exist.
 */

import fc from 'fast-check';
import { bodies, bytesOf, often, picked, type BodyPlan } from './bodies.ts';
import type { DocumentedRoute } from './document.ts';
import { find, Pick, poolFor, poolOf, type Known } from './known.ts';
import type { RawRequest } from './raw-http.ts';

export interface RequestPlan {
  readonly route: DocumentedRoute;
  readonly method: string;
  readonly id: unknown;
  /** What is done to the path: `{}` stands for it as it should be. */
  readonly path: string;
  readonly query: string;
  readonly headers: readonly HeaderPlan[];
  readonly body: BodyPlan | null;
}

type HeaderPlan = readonly [string, string | Pick];

export function requestPlans(routes: readonly DocumentedRoute[]): fc.Arbitrary<RequestPlan> {
  const { buyers = [], operators = [] } = Object.groupBy(routes, ({ path }) =>
    path.startsWith('/api/') ? 'buyers' : 'operators',
  );
  return fc.oneof(
    { weight: 3, arbitrary: fc.oneof(...buyers.map(weighted)) },
    { weight: 2, arbitrary: fc.oneof(...operators.map(weighted)) },
  );
}

/** What changes something is the more interesting half. */
function weighted(route: DocumentedRoute) {
  return { weight: route.body === null ? 1 : 3, arbitrary: plansFor(route) };
}

function plansFor(route: DocumentedRoute): fc.Arbitrary<RequestPlan> {
  return fc.record({
    route: fc.constant(route),
    method: often(9, fc.constant(route.method), fc.constantFrom(...METHODS)),
    id: often(5, picked(poolOf(route) ?? 'products'), oddIds),
    path: often(12, fc.constant('{}'), oddPaths),
    query: queryFor(route),
    headers: headersFor(route),
    body: route.body === null ? often(9, fc.constant(null), bodies({})) : bodies(route.body),
  });
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
  fc.constantFrom('/ops', '/ops/', '/ops/sales/1/nothing', '/OPS/overview', '/%6fps/me', '/ops/../docs'),
  fc.webPath({ size: 'small' }).map((path) => `/api${path}`),
);

/** What such parameters hold when they are right; the others are words of all kinds. */
const QUERY_VALUES: Readonly<Record<string, readonly string[]>> = {
  limit: ['1', '2', '50', '200', '201', '0', '-1', '1e1', '١'],
  cursor: ['NDI', 'MQ', 'bnVsbA', 'e30', 'W10', 'eyJpZCI6MX0', '%'],
};

const QUERY_WORDS = [
  '',
  '1',
  'ann',
  'sale 1',
  'live',
  'held',
  'paid',
  'pending',
  'processed',
  'parked',
  'native',
  '2026-11-27T09:00:00Z',
  '2026-02-30T09:00:00Z',
  "' OR 1=1 --",
  '%',
  '_%',
  '\\',
  '\u0000',
  'é💥',
  'x'.repeat(300),
];

function queryFor({ query }: DocumentedRoute): fc.Arbitrary<string> {
  if (query.length === 0) return fc.constant('');
  const values = query.map((name) =>
    often(
      2,
      fc.constant(null),
      fc.constantFrom(...(QUERY_VALUES[name] ?? QUERY_WORDS)).map((value) => [name, value] as const),
    ),
  );
  return fc.tuple(...values).map((pairs) => {
    const given = pairs.filter((pair) => pair !== null);
    return given.length === 0 ? '' : `?${new URLSearchParams(Object.fromEntries(given)).toString()}`;
  });
}

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
  ['x-forwarded-for', '10.0.0.1, evil'],
  ['x-forwarded-host', 'evil.example'],
  ['x-http-method-override', 'DELETE'],
  ['x-long', 'y'.repeat(3_000)],
];

const GARBAGE_TOKENS = [
  '',
  'Bearer',
  'Bearer x',
  'Basic YTpi',
  `Bearer fsop_${'a'.repeat(43)}`,
  'bearer  \u00e9',
];

/** Mostly of an admin, who may do most. */
const tokens: fc.Arbitrary<HeaderPlan | null> = fc
  .oneof(
    { weight: 2, arbitrary: picked('viewer token') },
    { weight: 5, arbitrary: picked('operator token') },
    { weight: 9, arbitrary: picked('admin token') },
    { weight: 1, arbitrary: fc.constantFrom(null, ...GARBAGE_TOKENS) },
  )
  .map((token) => (token === null ? null : (['authorization', token] as const)));

function headersFor(route: DocumentedRoute): fc.Arbitrary<HeaderPlan[]> {
  const contentType = often(14, fc.constant('application/json'), fc.constantFrom(...CONTENT_TYPES));
  const meant = route.headers.map((name) => often(2, fc.constant(null), named(name, keysOrOdd)));
  const token = route.needsToken ? tokens : fc.constant(null);
  return fc
    .tuple(
      token,
      contentType.map((type): HeaderPlan | null => (type === '' ? null : ['content-type', type])),
      often(6, fc.constant(null), named('x-request-id', oddTexts)),
      often(6, fc.constant(null), fc.constantFrom<HeaderPlan[]>(...ODD_HEADERS)),
      ...meant,
    )
    .map((headers) => headers.filter((header) => header !== null));
}

const keysOrOdd = often(
  3,
  fc.nat(15).map((nth) => `key ${nth}`),
  oddTexts,
);

function named(name: string, values: fc.Arbitrary<string>): fc.Arbitrary<HeaderPlan> {
  return values.map((value) => [name, value] as const);
}

// ---- from plan to bytes ----

export function requestOf(plan: RequestPlan, known: Known): RawRequest {
  const id = plan.id instanceof Pick ? find(plan.id, known) : String(plan.id);
  const right = plan.route.path.replace('{provider}', 'native').replaceAll(/\{\w+\}/g, () => id) + plan.query;
  const target = plan.path.replace('{}', () => right);
  const look = ({ from, nth }: Pick) => find(new Pick(poolFor(from, plan.route.needsToken), nth), known);
  const body = plan.body === null ? null : bytesOf(plan.body, look);
  return { method: plan.method, target, headers: plan.headers.map((header) => oneLine(header, known)), body };
}

/** The bytes of a header's value may be odd, but a line feed would begin another header. */
function oneLine([name, value]: HeaderPlan, known: Known): readonly [string, string] {
  const text = value instanceof Pick ? `Bearer ${find(value, known)}` : value;
  return [name, text.replaceAll(/[\r\n\0]/g, '?')];
}
