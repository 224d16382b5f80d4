/**
 * Puts the OpenAPI document of a listener together: what Elysia found in the routes, what the routes say of themselves
 * (`documented.ts`), and what is the same everywhere. `document.test.ts` holds every document against the rules.
 */

import { ERROR_CODES, Failure, type ErrorCode } from '@flash-sale/shared/contracts/reply.ts';
import { VERSION } from '@flash-sale/shared/version.ts';
import { SENT_HEADERS } from './documented.ts';
import { exampleOf } from './example.ts';
import { failureExample, whenOf } from './failure-examples.ts';
import type { JsonSchema } from './json-schema.ts';
import type { Components, Content, OpenApi, Operation, Parameter } from './openapi.ts';
import { pathParameter } from './path-parameters.ts';
import { HTTP_STATUS } from './reply.ts';
import { REF, REPLY_HEADERS } from './reply-headers.ts';

/** Those that Elysia itself derives. */
export interface FoundRoutes {
  readonly paths: Readonly<Record<string, Readonly<Record<string, FoundOperation>>>>;
}

type FoundOperation = Operation & { readonly [SENT_HEADERS]?: Readonly<Record<string, string>> };

export interface AboutListener {
  readonly title: string;
  readonly description: string;
  readonly isForOperators: boolean;
  /** Name -> what belongs to it; those that no route has are left out. */
  readonly tags: Readonly<Record<string, string>>;
}

export function describeListener(found: FoundRoutes, about: AboutListener): OpenApi {
  const paths = Object.fromEntries(
    Object.entries(found.paths).map(([path, operations]) => [
      path,
      Object.fromEntries(
        Object.entries(operations).map(([method, operation]) => [method, complete(method, path, operation)]),
      ),
    ]),
  );
  const operations = Object.values(paths).flatMap((at) => Object.values(at));
  const tags = new Set(operations.flatMap((operation) => operation.tags ?? []));
  const written = JSON.stringify(operations);
  const codes = codesIn(written);
  const failures = codes.map((code) => `- \`${code}\` (${HTTP_STATUS[code]}): ${whenOf(code)}`).join('\n');
  const document: OpenApi = {
    openapi: '3.1.1',
    info: {
      title: about.title,
      version: VERSION,
      description: `${about.description}\n\n${EVERYWHERE}\n\n## Failures\n\n${failures}\n`,
    },
    servers: [{ url: '/', description: 'The listener that serves this document.' }],
    tags: Object.entries(about.tags)
      .filter(([name]) => tags.has(name))
      .map(([name, description]) => ({ name, description })),
    paths,
    components: componentsOf(about, codes, headersIn(written)),
  };
  // Contracts carry marks of TypeBox, and what is undefined; the document is JSON.
  return JSON.parse(JSON.stringify(document)) as OpenApi;
}

// ---- one operation ----

function complete(method: string, path: string, found: FoundOperation): Operation {
  const { [SENT_HEADERS]: sent = {}, parameters = [], requestBody, ...operation } = found;
  return {
    ...operation,
    operationId: operationIdOf(method, path),
    ...(requestBody === undefined
      ? {}
      : { requestBody: { required: true, content: bodyOf(requestBody.content) } }),
    parameters: [
      ...parameters.filter((parameter) => parameter.in !== 'header').map((one) => explained(path, one)),
      ...Object.entries(sent).map(([name, description]) => headerParameter(name, description)),
    ],
  };
}

/** Of method and path alone, so that it stays as it is: POST /ops/sales/{id}/stock -> postOpsSalesByIdStock. */
export function operationIdOf(method: string, path: string): string {
  const words = path.replaceAll(/\{(\w+)\}/g, 'by-$1').split(/[^A-Za-z0-9]+/);
  return method.toLowerCase() + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
}

/** Bodies are found as the text that Elysia reads; what we take is JSON (`http/body.ts`). */
function bodyOf(content: Content): Content {
  const [media] = Object.values(content);
  return media === undefined
    ? content
    : { 'application/json': { schema: media.schema, example: exampleOf(media.schema) } };
}

function explained(path: string, parameter: Parameter): Parameter {
  if (parameter.in === 'path') return { ...parameter, ...pathParameter(path, parameter.name) };
  const { description, examples, ...schema } = parameter.schema;
  const [example] = examples ?? [];
  return {
    ...parameter,
    schema,
    ...(description === undefined ? {} : { description }),
    ...(example === undefined ? {} : { example }),
  };
}

const HEADER_EXAMPLES: Readonly<Record<string, string>> = {
  'Idempotency-Key': 'c3b0a7de-5f21-4c1e-9a64-8d7e20f1b953',
  'Change-Reason': 'Broken%20packages%20in%20the%20warehouse',
  'Last-Event-ID': '1795770000000-1-0-0.3cbc13b6',
  'webhook-id': 'msg_1',
  'webhook-timestamp': '1795770000',
  'webhook-signature': 'v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=',
  'Stripe-Signature': 't=1795770000,v1=5257a869e7ecebeda32affa62cdca3fa51cad7e77a0e56ff536d0ce8e108d8bd',
};

function headerParameter(name: string, description: string): Parameter {
  const example = HEADER_EXAMPLES[name];
  return {
    name,
    in: 'header',
    required: false,
    description,
    schema: { type: 'string' },
    ...(example === undefined ? {} : { example }),
  };
}

// ---- what is the same everywhere ----

function componentsOf(
  { isForOperators }: AboutListener,
  codes: readonly ErrorCode[],
  headers: Components['headers'],
): Components {
  return {
    schemas: { Failure: Failure as JsonSchema },
    examples: Object.fromEntries(
      codes.map((code) => [code, { summary: whenOf(code), value: failureExample(code) }]),
    ),
    headers,
    ...(isForOperators ? { securitySchemes: { operator: OPERATOR_TOKEN } } : {}),
  };
}

const OPERATOR_TOKEN = {
  type: 'http',
  scheme: 'bearer',
  description:
    'A token that begins with `fsop_`. The first one is in the data folder, in the file operator-token.',
} as const;

const EVERYWHERE = `Success is \`{"status": "success", "message", "data"}\`. Failure is \`{"status": "error", "code", "message", "request_id"}\`,
with more where it helps; \`code\` is stable, \`message\` is for people. Bodies are JSON and strict: \`"2"\` is no integer, and a
field that nobody knows is refused. Money is in major units. Every reply has \`x-request-id\`.`;

const ANYWHERE: ReadonlySet<ErrorCode> = new Set(['not_found', 'method_not_allowed']);

/** Those that an operation names, and those of paths that are no operation. */
function codesIn(operations: string): ErrorCode[] {
  return ERROR_CODES.filter(
    (code) => ANYWHERE.has(code) || operations.includes(`"${REF.examples}${code}"`),
  ).sort((a, b) => HTTP_STATUS[a] - HTTP_STATUS[b]);
}

function headersIn(operations: string): Components['headers'] {
  return Object.fromEntries(
    Object.entries(REPLY_HEADERS).filter(([name]) => operations.includes(`"${REF.headers}${name}"`)),
  );
}
