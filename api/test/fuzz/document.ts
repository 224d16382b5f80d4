/** What a listener says of itself in its OpenAPI document, in a form that requests and replies can be held against. */

import { Type, type TSchema } from '@sinclair/typebox';
import type { JsonSchema } from '../../http/json-schema.ts';
import type { Components, OpenApi, Operation, Reply } from '../../http/openapi.ts';

export interface DocumentedReply {
  /** Of JSON; null when the document says nothing, or another media type. */
  readonly schema: TSchema | null;
  readonly mediaTypes: readonly string[];
  /** The failures that come with this status. */
  readonly codes: readonly string[];
  /** Names of headers, in small letters. */
  readonly headers: readonly string[];
}

export interface DocumentedRoute {
  readonly operationId: string;
  readonly method: string;
  /** As in the document: /api/holds/{id} */
  readonly path: string;
  readonly body: JsonSchema | null;
  readonly headers: readonly string[];
  readonly query: readonly string[];
  readonly needsToken: boolean;
  readonly replies: ReadonlyMap<number, DocumentedReply>;
}

export async function documentOf(url: string): Promise<OpenApi> {
  return (await (await fetch(new URL('/openapi.json', url))).json()) as OpenApi;
}

export function routesOf({ paths, components }: OpenApi): DocumentedRoute[] {
  return Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => routeOf(method, path, operation, components)),
  );
}

function routeOf(
  method: string,
  path: string,
  operation: Operation,
  components: Components,
): DocumentedRoute {
  const { operationId, parameters = [], requestBody, responses = {}, security = [] } = operation;
  const named = (place: string) => parameters.filter((one) => one.in === place).map(({ name }) => name);
  return {
    operationId,
    method: method.toUpperCase(),
    path,
    body: requestBody?.content['application/json']?.schema ?? null,
    headers: named('header'),
    query: named('query'),
    needsToken: security.length > 0,
    replies: new Map(
      Object.entries(responses).map(([status, reply]) => [Number(status), replyOf(reply, components)]),
    ),
  };
}

function replyOf({ content = {}, headers = {} }: Reply, components: Components): DocumentedReply {
  const json = content['application/json'];
  return {
    schema: json === undefined ? null : strict(json.schema, components),
    mediaTypes: Object.keys(content),
    codes: json === undefined ? [] : codesOf(json.schema),
    headers: Object.keys(headers).map((name) => name.toLowerCase()),
  };
}

/** The codes of a failure's schema: those of every part of it that narrows `code`. */
export function codesOf({ anyOf = [], allOf = [], properties = {} }: JsonSchema): string[] {
  const own = (properties['code']?.enum ?? []) as string[];
  return [...own, ...[...anyOf, ...allOf].flatMap(codesOf)];
}

const FORMATS: Readonly<Record<string, string>> = {
  uuid: '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$',
  'date-time': String.raw`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$`,
};

type Parts = Pick<Components, 'schemas'>;

/** The schema for checking what is sent: a field that the document does not name is a fault, too. */
export function strict(given: JsonSchema, parts: Parts): TSchema {
  const schema = whole(given, parts);
  const { anyOf, type, minimum, maximum } = schema;
  const bounds = {
    ...(minimum === undefined ? {} : { minimum }),
    ...(maximum === undefined ? {} : { maximum }),
  };
  if (anyOf !== undefined) return Type.Union(anyOf.map((member) => strict(member, parts)));
  if (schema.enum !== undefined) return Type.Union(schema.enum.map((value) => Type.Literal(value as string)));
  if (schema.const !== undefined) return Type.Literal(schema.const as string);
  if (typeof type === 'object') return Type.Union(type.map((one) => strict({ ...schema, type: one }, parts)));
  switch (type) {
    case 'object':
      return strictObject(schema, parts);
    case 'array':
      return Type.Array(strict(schema.items ?? {}, parts));
    case 'string': {
      const pattern = schema.pattern ?? FORMATS[schema.format ?? ''];
      return pattern === undefined ? Type.String() : Type.RegExp(new RegExp(pattern, 'u'));
    }
    case 'integer':
      return Type.Integer(bounds);
    case 'number':
      return Type.Number(bounds);
    case 'boolean':
      return Type.Boolean();
    case 'null':
      return Type.Null();
    case undefined:
      return Type.Unknown();
    default:
      throw new Error(`a schema of no known type: ${JSON.stringify(schema)}`);
  }
}

function strictObject(
  { properties, patternProperties = {}, required = [] }: JsonSchema,
  parts: Parts,
): TSchema {
  const [pattern] = Object.values(patternProperties);
  if (pattern !== undefined) return Type.Record(Type.String(), strict(pattern, parts));
  if (properties === undefined) return Type.Record(Type.String(), Type.Unknown());
  const fields = Object.entries(properties).map(([name, schema]) => {
    const field = strict(schema, parts);
    return [name, required.includes(name) ? field : Type.Optional(field)] as const;
  });
  return Type.Object(Object.fromEntries(fields), { additionalProperties: false });
}

/** With its reference followed, and its parts as one. */
function whole({ $ref, allOf, ...schema }: JsonSchema, parts: Parts): JsonSchema {
  if ($ref !== undefined) {
    const found = parts.schemas[$ref.slice($ref.lastIndexOf('/') + 1)];
    if (found === undefined) throw new Error(`the document has no ${$ref}`);
    return whole(found, parts);
  }
  if (allOf === undefined) return schema;
  return allOf
    .map((part) => whole(part, parts))
    .reduce((all, part) => ({
      ...all,
      ...part,
      properties: { ...all.properties, ...part.properties },
      required: [...(all.required ?? []), ...(part.required ?? [])],
    }));
}
