/** What a listener says of itself in its OpenAPI document, in a form that requests and replies can be held against. */

import { Type, type TSchema } from '@sinclair/typebox';

export interface DocumentedReply {
  /** Of JSON; null when the document says nothing, or another media type. */
  readonly schema: TSchema | null;
  readonly mediaTypes: readonly string[];
  /** The failures that come with this status. */
  readonly codes: readonly string[];
}

export interface DocumentedRoute {
  readonly method: string;
  /** As in the document: /api/holds/{id} */
  readonly path: string;
  readonly body: JsonSchema | null;
  readonly headers: readonly string[];
  readonly replies: ReadonlyMap<number, DocumentedReply>;
}

export interface JsonSchema {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly patternProperties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly format?: string;
}

interface Media {
  readonly schema?: JsonSchema;
}

interface Operation {
  readonly parameters?: readonly { in: string; name: string }[];
  readonly requestBody?: { content: Readonly<Record<string, Media>> };
  readonly responses: Readonly<
    Record<string, { description: string; content?: Readonly<Record<string, Media>> }>
  >;
}

export interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

export function routesOf(document: OpenApi): DocumentedRoute[] {
  return Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path,
      body: operation.requestBody?.content['application/json']?.schema ?? null,
      headers: (operation.parameters ?? []).filter((p) => p.in === 'header').map(({ name }) => name),
      replies: new Map(
        Object.entries(operation.responses).map(([status, { description, content = {} }]) => [
          Number(status),
          {
            schema: content['application/json']?.schema ? strict(content['application/json'].schema) : null,
            mediaTypes: Object.keys(content),
            codes: description.startsWith('code: ') ? description.slice(6).split(', ') : [],
          },
        ]),
      ),
    })),
  );
}

const FORMATS: Readonly<Record<string, string>> = {
  uuid: '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$',
  'date-time': String.raw`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$`,
};

/** The schema for checking replies: a field that the document does not name is a fault, too. */
export function strict(schema: JsonSchema): TSchema {
  if (schema.anyOf !== undefined) return Type.Union(schema.anyOf.map(strict));
  if (schema.enum !== undefined) return Type.Union(schema.enum.map((value) => Type.Literal(value as string)));
  if (schema.const !== undefined) return Type.Literal(schema.const as string);
  switch (schema.type) {
    case 'object':
      return strictObject(schema);
    case 'array':
      return Type.Array(strict(schema.items ?? {}));
    case 'string': {
      const pattern = schema.pattern ?? FORMATS[schema.format ?? ''];
      return pattern === undefined ? Type.String() : Type.RegExp(new RegExp(pattern));
    }
    case 'integer':
      return Type.Integer();
    case 'number':
      return Type.Number();
    case 'boolean':
      return Type.Boolean();
    case 'null':
      return Type.Null();
    case undefined:
    default:
      throw new Error(`a schema that says nothing: ${JSON.stringify(schema)}`);
  }
}

function strictObject({ properties = {}, patternProperties, required = [] }: JsonSchema): TSchema {
  const [pattern] = Object.entries(patternProperties ?? {});
  if (pattern !== undefined) return Type.Record(Type.String(), strict(pattern[1]));
  const fields = Object.entries(properties).map(([name, schema]) => {
    const field = strict(schema);
    return [name, required.includes(name) ? field : Type.Optional(field)] as const;
  });
  return Type.Object(Object.fromEntries(fields), { additionalProperties: false });
}
