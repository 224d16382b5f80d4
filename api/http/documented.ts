/** What a route says of itself in the OpenAPI document. Written beside the route, never checked at run time. */

import { Type, type TSchema } from '@sinclair/typebox';
import type { DocumentDecoration } from 'elysia';
import { Failure, success, type ErrorCode } from '@flash-sale/shared/contracts/reply.ts';
import { HTTP_STATUS } from './reply.ts';

export interface RouteDescription {
  readonly summary: string;
  readonly tag: string;
  readonly success: Readonly<Record<number, TSchema>>;
  readonly failures: readonly ErrorCode[];
  /** Request headers that mean something: name -> what. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Server-sent events, each with this as its data. */
  readonly isStream?: boolean;
  readonly takesBody?: boolean;
  /** On the private listener: needs a token. */
  readonly isForOperators?: boolean;
  /** Takes an Idempotency-Key, with which it is done once. */
  readonly isChange?: boolean;
  /** What the body is, for routes that read it by themselves. */
  readonly body?: TSchema;
}

const ONCE = 'The same key with the same request changes things once, and is answered as the first time.';

/** The answer when the first one is not known any more. */
const DoneBefore = Type.Object({ audit_id: Type.Integer(), action: Type.String(), target: Type.String() });

export function documented(route: RouteDescription): { detail: DocumentDecoration } {
  const responses: Record<string, unknown> = {};
  for (const [status, schema] of Object.entries(route.success)) {
    responses[status] = {
      description: 'Success',
      content: route.isStream === true ? { 'text/event-stream': { schema } } : json(success(schema)),
    };
  }
  const codes: ErrorCode[] = [...route.failures];
  if (route.takesBody === true) codes.push('body_too_large', 'unsupported_media_type');
  if (route.isForOperators === true) codes.push('unauthorized', 'forbidden');
  if (route.isChange === true) {
    codes.push('bad_request', 'idempotency_key_reused');
    responses['200'] ??= { description: 'Done before', content: json(success(DoneBefore)) };
  }
  const byStatus = Map.groupBy(new Set(codes), (code) => HTTP_STATUS[code]);
  for (const [status, ofStatus] of byStatus) {
    responses[status] = { description: `code: ${ofStatus.join(', ')}`, content: json(Failure) };
  }
  const headers = route.isChange === true ? { 'Idempotency-Key': ONCE, ...route.headers } : route.headers;
  const parameters = Object.entries(headers ?? {}).map(([name, description]) => ({
    name,
    in: 'header',
    required: false,
    description,
    schema: { type: 'string' },
  }));
  return {
    detail: {
      summary: route.summary,
      tags: [route.tag],
      responses,
      ...(route.isForOperators === true ? { security: [{ operator: [] }] } : {}),
      ...(parameters.length === 0 ? {} : { parameters }),
      ...(route.body === undefined ? {} : { requestBody: { required: true, content: json(route.body) } }),
    } as DocumentDecoration,
  };
}

function json(schema: TSchema) {
  return { 'application/json': { schema } };
}
