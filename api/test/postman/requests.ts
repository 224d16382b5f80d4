/** A Postman request for an operation: the example of the document, with variables where ids of other requests go. */

import { collectionOf } from '../../http/path-parameters.ts';
import type { PostmanRequest, Url, Variable } from './format.ts';
import type { FoundOperation } from './operations.ts';
import { inVariables } from './variables.ts';

/** What a step of the walk sends otherwise than the document's example. */
export interface Given {
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly says?: string;
}

export function requestFor(operation: FoundOperation, given: Given = {}): PostmanRequest {
  const example = operation.requestBody?.content['application/json']?.example;
  const body = given.body ?? (example === undefined ? undefined : inVariables(example));
  return {
    method: operation.method,
    description: given.says ?? describe(operation),
    header: headersOf(operation, given.headers ?? {}, body !== undefined),
    ...(body === undefined ? {} : { body: { mode: 'raw', raw: written(body), options: JSON_BODY } }),
    url: urlOf(operation, given),
  };
}

const JSON_BODY = { raw: { language: 'json' } } as const;

/** Variables that are numbers stand without quotes. */
function written(body: unknown): string {
  return JSON.stringify(body, null, 2).replaceAll(/"(\{\{(?:product|sale|delivery|replay)Id\}\})"/g, '$1');
}

function describe({ summary = '', operationId, replies }: FoundOperation): string {
  const failures = Object.values(replies).flatMap(({ codes = [] }) => codes);
  return `${summary}.\n\nFailures: ${failures.map((code) => `\`${code}\``).join(', ')}.\n\n\`${operationId}\``;
}

function headersOf(
  { parameters }: FoundOperation,
  given: Readonly<Record<string, string>>,
  hasBody: boolean,
): Variable[] {
  const sent = Object.entries(given).map(([key, value]) => ({ key, value }));
  const possible = parameters
    .filter(({ in: place, name }) => place === 'header' && !(name in given))
    .map(({ name, example, description = '' }) => ({
      key: name,
      value: String(example),
      description,
      disabled: true as const,
    }));
  return [...(hasBody ? [{ key: 'Content-Type', value: 'application/json' }] : []), ...sent, ...possible];
}

function urlOf({ listener, path, parameters }: FoundOperation, given: Given): Url {
  const host = listener === 'buyers' ? '{{baseUrl}}' : '{{opsUrl}}';
  const names = parameters.filter(({ in: place }) => place === 'path');
  const variable = names.map(({ name, description = '' }) => ({
    key: name,
    value: given.path?.[name] ?? variableOf(path, name),
    description,
  }));
  const query = queryOf(parameters, given.query ?? {});
  const segments = path
    .slice(1)
    .split('/')
    .map((segment) => segment.replace(/^\{(\w+)\}$/, ':$1'));
  const asked = query.filter(({ disabled }) => disabled !== true).map(({ key, value }) => `${key}=${value}`);
  return {
    raw: `${host}/${segments.join('/')}${asked.length === 0 ? '' : `?${asked.join('&')}`}`,
    host: [host],
    path: segments,
    ...(query.length === 0 ? {} : { query }),
    ...(variable.length === 0 ? {} : { variable }),
  };
}

function queryOf(
  parameters: FoundOperation['parameters'],
  given: Readonly<Record<string, string>>,
): Variable[] {
  return parameters
    .filter(({ in: place }) => place === 'query')
    .map(({ name, example, description = '' }) => {
      const value = given[name];
      return value === undefined
        ? { key: name, value: String(example), description, disabled: true as const }
        : { key: name, value, description };
    });
}

/** /ops/webhooks/{id}: {{deliveryId}} */
function variableOf(path: string, name: string): string {
  const collection = collectionOf(path, name);
  const variable = PATH_VARIABLES[collection];
  if (variable === undefined) {
    throw new Error(
      `${path}: which variable holds the id of one of ${collection}? Say so in PATH_VARIABLES.`,
    );
  }
  return variable;
}

const PATH_VARIABLES: Readonly<Record<string, string>> = {
  products: '{{productId}}',
  sales: '{{saleId}}',
  holds: '{{holdId}}',
  orders: '{{orderId}}',
  refunds: 'native',
  '{provider}': '{{paymentIntentId}}',
  webhooks: '{{deliveryId}}',
  replays: '{{replayId}}',
  operators: '{{operatorName}}',
};
