/** What a route says of itself in the OpenAPI document. Written beside the route, never checked at run time. */

import { Type, type TSchema } from '@sinclair/typebox';
import type { DocumentDecoration } from 'elysia';
import { success, type ErrorCode } from '@flash-sale/shared/contracts/reply.ts';
import { CHANGE_REASON_LENGTH_MAX } from '@flash-sale/shared/limits.ts';
import { exampleOf } from './example.ts';
import type { JsonSchema } from './json-schema.ts';
import { HTTP_STATUS } from './reply.ts';
import { headersOf, REF, type ReplyHeader } from './reply-headers.ts';

export interface RouteDescription {
  readonly summary: string;
  /** One of TAGS in docs.ts, where it is described. */
  readonly tag: string;
  readonly success: Readonly<Record<number, TSchema>>;
  readonly failures: readonly ErrorCode[];
  /** Request headers that mean something: name -> what. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Headers of replies by status, besides those that follow from the rest. */
  readonly sends?: Readonly<Record<number, readonly ReplyHeader[]>>;
  /** Server-sent events, each with this as its data. */
  readonly isStream?: boolean;
  readonly takesBody?: boolean;
  /** On the private listener: needs a token. */
  readonly isForOperators?: boolean;
  /** Takes an Idempotency-Key, with which it is done once, and a Change-Reason. */
  readonly isChange?: boolean;
  /** What the body is, for routes that read it by themselves. */
  readonly body?: TSchema;
  /** For supervisors: the reply is not in the envelope, and is of this type. */
  readonly bare?: 'application/json' | 'text/plain';
}

const ONCE = 'The same key with the same request changes things once, and is answered as the first time.';

const REASON =
  `Why, in 1 to ${CHANGE_REASON_LENGTH_MAX} characters, for the audit log. What is percent-encoded UTF-8 is decoded; a % is sent as %25. ` +
  'It is no part of what an Idempotency-Key stands for: asked again, the first reason stays.';

/** The answer when the first one is not known any more. */
const DoneBefore = Type.Object({
  audit_id: Type.Integer({ examples: [1] }),
  action: Type.String({ examples: ['sale.launch'] }),
  target: Type.String({ examples: ['sale 1'] }),
});

/** Where request headers wait until the document is put together: `parameters` is overwritten for some routes. */
export const SENT_HEADERS = 'x-sent-headers';

export interface Documented {
  readonly detail: DocumentDecoration;
  /** Where no body is documented none is read: Elysia would read it, and fail over one that is broken. */
  readonly parse?: 'none';
}

export function documented(route: RouteDescription): Documented {
  const headers =
    route.isChange === true
      ? { 'Idempotency-Key': ONCE, 'Change-Reason': REASON, ...route.headers }
      : route.headers;
  return {
    ...(route.takesBody === true ? {} : { parse: 'none' }),
    detail: {
      summary: route.summary,
      tags: [route.tag],
      responses: { ...successes(route), ...failures(route) },
      ...(route.isForOperators === true ? { security: [{ operator: [] }] } : {}),
      [SENT_HEADERS]: headers ?? {},
      ...(route.body === undefined
        ? {}
        : { requestBody: { required: true, content: { 'application/json': { schema: route.body } } } }),
    } as DocumentDecoration,
  };
}

function successes(route: RouteDescription) {
  const { isChange = false, sends = {} } = route;
  const schemas: Record<string, TSchema> = { ...route.success };
  if (isChange) schemas['200'] = schemas['200'] ? Type.Union([schemas['200'], DoneBefore]) : DoneBefore;
  return Object.fromEntries(
    Object.entries(schemas).map(([status, schema]) => {
      const replayed: ReplyHeader[] = isChange ? ['Idempotency-Replayed'] : [];
      const isDoneBefore = schema === DoneBefore;
      return [
        status,
        {
          description: isDoneBefore
            ? 'Done before, under the same Idempotency-Key.'
            : describe(Number(status)),
          headers: headersOf([...replayed, ...(sends[Number(status)] ?? [])]),
          content: content(route, schema),
        },
      ];
    }),
  );
}

function describe(status: number): string {
  if (status === 201) return 'Made.';
  return status < 400 ? 'Success.' : 'Not now.';
}

function content({ isStream, bare }: RouteDescription, data: TSchema) {
  if (isStream === true) return shown('text/event-stream', data);
  return bare === undefined ? shown('application/json', success(data)) : shown(bare, data);
}

function shown(mediaType: string, schema: TSchema) {
  return { [mediaType]: { schema, example: exampleOf(schema as JsonSchema) } };
}

/** Codes by status, in the order in which a caller meets the statuses. */
function failures(route: RouteDescription) {
  const codes: ErrorCode[] = [...route.failures, 'internal_error'];
  if (route.takesBody === true) codes.push('body_too_large', 'unsupported_media_type');
  if (route.isForOperators === true) codes.push('unauthorized', 'forbidden');
  if (route.isChange === true) codes.push('bad_request', 'idempotency_key_reused');
  const byStatus = Map.groupBy(new Set(codes), (code) => HTTP_STATUS[code]);
  return Object.fromEntries(
    [...byStatus].map(([status, ofStatus]) => [status, failure(ofStatus, route, status)]),
  );
}

/** A failure always has the same form; each status says which codes come with it. */
function failure(codes: readonly ErrorCode[], route: RouteDescription, status: number) {
  const schema = { allOf: [{ $ref: REF.failure }, { properties: { code: { enum: codes } } }] };
  const bare = route.success[status];
  return {
    description: codes.join(', '),
    headers: headersOf([...codes.flatMap(headersWith), ...(route.sends?.[status] ?? [])]),
    content: {
      'application/json': {
        schema: bare === undefined ? schema : { anyOf: [bare, schema] },
        examples: {
          ...(bare === undefined ? {} : { not_now: { value: exampleOf(bare as JsonSchema) } }),
          ...Object.fromEntries(codes.map((code) => [code, { $ref: `${REF.examples}${code}` }])),
        },
      },
    },
  };
}

function headersWith(code: ErrorCode): ReplyHeader[] {
  if (code === 'unauthorized') return ['WWW-Authenticate'];
  return code === 'unavailable' || code === 'too_many_requests' || code === 'sale_not_open'
    ? ['Retry-After']
    : [];
}
