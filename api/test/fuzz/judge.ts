/** Whether a reply is one that the document allows, whole, and silent about the inside. */

import { Failure } from '@flash-sale/shared/contracts/reply.ts';
import type { TSchema } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import type { JsonSchema } from '../../http/json-schema.ts';
import { strict, type DocumentedReply, type DocumentedRoute } from './document.ts';
import type { RawReply, RawRequest } from './raw-http.ts';

/** No stack, no path of a file, no SQL, no name of a store or a library. */
const INSIDES =
  /node_modules|\.tsx?[:)]|\bat \w+ \(|sqlstate|errno|econn|hold_outcomes|stock_credits|\b(redis|mysql|mariadb|ioredis|elysia|typebox|drizzle|evalsha|lua)\b/i;

/** What any route may answer; in the document, a route need not say so. */
const GENERAL: Readonly<Record<number, string>> = {
  404: 'not_found',
  405: 'method_not_allowed',
  413: 'body_too_large',
  415: 'unsupported_media_type',
};

/** On a listener that asks for tokens: before it looks for a route. */
const GUARDED: Readonly<Record<number, string>> = { ...GENERAL, 401: 'unauthorized', 403: 'forbidden' };

/** @returns what is wrong, or null */
export function judge(
  routes: readonly DocumentedRoute[],
  request: RawRequest,
  reply: RawReply,
): string | null {
  if (reply.status === 0) return 'was not answered';
  if (reply.status >= 500 && reply.status !== 503) return `was answered ${reply.status}`;
  // Refused by the server before there is a request: no route, no id, no words.
  if (reply.body === '' && (reply.status === 431 || reply.status === 400)) return null;
  if (!reply.headers.has('x-request-id')) return 'has no x-request-id';
  const isForBuyers = reply.status >= 400 || request.target.includes('/api');
  const inside = isForBuyers ? INSIDES.exec(withoutEcho(request, reply)) : null;
  if (inside !== null) return `tells of the inside: ${inside[0]}`;
  const wrong = judgeByRoute(routes, request, reply);
  if (wrong !== null || reply.status < 400 || request.method === 'HEAD') return wrong;
  return judgeFailure(request, reply);
}

/** What callers wrote themselves, they may be told. */
function withoutEcho({ target, headers }: RawRequest, { body }: RawReply): string {
  const echoed = [target, decoded(target), ...headers.map(([, value]) => value)];
  return echoed.reduce((text, echo) => (echo.length > 2 ? text.replaceAll(echo, '') : text), body);
}

/** Before routing, dots are taken out of some paths and not of others; either is fine. */
function judgeByRoute(
  routes: readonly DocumentedRoute[],
  { method, target }: RawRequest,
  reply: RawReply,
): string | null {
  const faults = pathsOf(target).map((path) => judgeAt(routes, { method, path }, reply));
  return faults.includes(null) ? null : (faults[0] ?? null);
}

function judgeAt(
  routes: readonly DocumentedRoute[],
  { method, path }: { method: string; path: string },
  reply: RawReply,
): string | null {
  // /ops/webhooks/replays is no delivery: of two that match, the one with fewer parameters is meant.
  const atPath = routes
    .filter((route) => matches(route.path, path))
    .sort((one, other) => parameters(one) - parameters(other));
  const route =
    atPath.find((candidate) => candidate.method === method) ??
    (method === 'HEAD' ? atPath.find((candidate) => candidate.method === 'GET') : undefined);
  const documented = route?.replies.get(reply.status);
  if (route !== undefined && documented !== undefined) {
    return judgeHeaders(documented, reply) ?? judgeBody(method, documented, reply);
  }
  if (route === undefined && reply.status < 400) return isServedBesides(path) ? null : `nobody documents it`;
  const general = routes.some(({ needsToken }) => needsToken) ? GUARDED : GENERAL;
  const isRefused = reply.status === 405 || (general === GUARDED && [401, 403].includes(reply.status));
  if (route === undefined && atPath.length > 0 && !isRefused) {
    return `is another method than documented, and was answered ${reply.status}`;
  }
  const code = method === 'HEAD' ? general[reply.status] : codeOf(reply);
  return general[reply.status] === code && code !== undefined
    ? null
    : `${reply.status} ${code} is not documented`;
}

/** As it was sent, and with `..` and `%2e%2e` taken out. The server knows no fragment. */
function pathsOf(target: string): string[] {
  const sent = target.split('?')[0] ?? '';
  const urls = [sent.replaceAll(/[#%]/g, encodeURIComponent), sent.replaceAll('#', '%23')]
    .map((path) => `http://shop.example${path}`)
    .filter((url) => URL.canParse(url));
  return [sent, ...urls.map((url) => new URL(url).pathname)];
}

/** The document itself, and its reader. */
function isServedBesides(path: string): boolean {
  return path.startsWith('/docs') || path.startsWith('/openapi.json');
}

function parameters({ path }: DocumentedRoute): number {
  return path.split('{').length;
}

function matches(template: string, path: string): boolean {
  const segments = template.split(/\{\w+\}/).map((text) => RegExp.escape(text));
  return new RegExp(`^${segments.join('[^/]+')}/?$`).test(path);
}

/** What every reply carries, or HTTP itself: a document need not say so. */
const USUAL_HEADERS = new Set([
  'cache-control',
  'connection',
  'content-length',
  'content-security-policy',
  'content-type',
  'date',
  'keep-alive',
  'referrer-policy',
  'transfer-encoding',
  'x-content-type-options',
]);

function judgeHeaders({ headers }: DocumentedReply, reply: RawReply): string | null {
  const unsaid = [...reply.headers.keys()].filter(
    (name) => !USUAL_HEADERS.has(name) && !headers.includes(name),
  );
  return unsaid.length === 0 ? null : `${reply.status} sends ${unsaid.join(', ')}, which is not documented`;
}

function judgeBody(
  method: string,
  { schema, codes, mediaTypes }: DocumentedReply,
  reply: RawReply,
): string | null {
  const type = reply.headers.get('content-type')?.split(';')[0] ?? 'nothing';
  if (!mediaTypes.includes(type)) return `is ${type}, documented is ${mediaTypes.join(', ')}`;
  if (method === 'HEAD' || type !== 'application/json') return null;
  if (schema === null) return 'has a body without a schema';
  const fault = faultOf(schema, reply.body);
  if (fault !== null) return fault;
  const code = codeOf(reply);
  if (reply.status >= 400 && code !== undefined && !codes.includes(code)) {
    return `code ${code} is not documented with ${reply.status}`;
  }
  return null;
}

const failureSchema = strict(Failure as JsonSchema, { schemas: {} });

function judgeFailure(request: RawRequest, reply: RawReply): string | null {
  const fault = faultOf(failureSchema, reply.body);
  if (fault !== null) return fault;
  const failure = JSON.parse(reply.body) as Failure;
  if (failure.request_id !== reply.headers.get('x-request-id')) return 'has two request ids';
  if (reply.status === 503 && !reply.headers.has('retry-after')) return 'does not say when to come back';
  if (reply.status === 405 && !reply.headers.has('allow')) return 'does not say which methods are allowed';
  return failure.message.length > 2_000 + request.target.length ? 'has a message of pages' : null;
}

function faultOf(schema: TSchema, body: string): string | null {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return `is not JSON: ${body.slice(0, 100)}`;
  }
  const [fault] = Value.Errors(schema, value);
  return fault === undefined ? null : `is not as documented: ${fault.path} ${fault.message}`;
}

function codeOf(reply: RawReply): string | undefined {
  return /"code":"(\w+)"/.exec(reply.body)?.[1];
}

function decoded(target: string): string {
  try {
    return decodeURIComponent(target);
  } catch {
    return target;
  }
}
