/** What a route says of itself in the OpenAPI document. Written beside the route, never checked at run time. */

import type { TSchema } from '@sinclair/typebox';
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
  /** What the body is, for routes that read it by themselves. */
  readonly body?: TSchema;
}

export function documented(route: RouteDescription): { detail: DocumentDecoration } {
  const responses: Record<string, unknown> = {};
  for (const [status, schema] of Object.entries(route.success)) {
    responses[status] = {
      description: 'Success',
      content: route.isStream === true ? { 'text/event-stream': { schema } } : json(success(schema)),
    };
  }
  const ofBodies: ErrorCode[] = route.takesBody === true ? ['body_too_large', 'unsupported_media_type'] : [];
  const byStatus = Map.groupBy([...route.failures, ...ofBodies], (code) => HTTP_STATUS[code]);
  for (const [status, codes] of byStatus) {
    responses[status] = { description: `code: ${codes.join(', ')}`, content: json(Failure) };
  }
  const parameters = Object.entries(route.headers ?? {}).map(([name, description]) => ({
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
      ...(parameters.length === 0 ? {} : { parameters }),
      ...(route.body === undefined ? {} : { requestBody: { required: true, content: json(route.body) } }),
    } as DocumentDecoration,
  };
}

function json(schema: TSchema) {
  return { 'application/json': { schema } };
}
