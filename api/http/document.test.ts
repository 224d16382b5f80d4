/**
 * The rules of the OpenAPI documents. Whoever adds a route, a field or a code without what a reader of the document
 * needs is told here: what is missing, where, and where to write it.
 */

import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Value } from '@sinclair/typebox/value';
import { ERROR_CODES, type ErrorCode } from '@flash-sale/shared/contracts/reply.ts';
import { createApp, createOpsApp } from '../app.ts';
import { StockStream } from '../products/stock-stream.ts';
import { codesOf, documentOf, strict } from '../test/fuzz/document.ts';
import { createWorld, type World } from '../test/world.ts';
import { operationIdOf } from './document.ts';
import { guessesIn } from './example.ts';
import type { JsonSchema } from './json-schema.ts';
import type { Example, Media, OpenApi, Operation, Reference } from './openapi.ts';
import { HTTP_STATUS } from './reply.ts';

interface Found extends Operation {
  /** METHOD /path, for complaints. */
  readonly at: string;
  readonly method: string;
  readonly path: string;
}

let world: World;
let documents: { name: 'public' | 'ops'; document: OpenApi; operations: Found[] }[];

beforeAll(async () => {
  world = await createWorld();
  const { url, opsUrl } = world.listening;
  documents = [
    { name: 'public', ...(await read(url)) },
    { name: 'ops', ...(await read(opsUrl)) },
  ];
});
afterAll(() => world.close());

async function read(url: string) {
  const document = await documentOf(url);
  const operations = Object.entries(document.paths).flatMap(([path, at]) =>
    Object.entries(at).map(([method, operation]) => ({
      ...operation,
      method: method.toUpperCase(),
      path,
      at: `${method.toUpperCase()} ${path}`,
    })),
  );
  return { document, operations };
}

/** Of every operation of both listeners. */
function complaints(of: (operation: Found, document: OpenApi) => readonly string[]): string[] {
  return documents.flatMap(({ document, operations }) =>
    operations.flatMap((operation) => of(operation, document).map((says) => `${operation.at}: ${says}`)),
  );
}

describe('both documents', () => {
  test('are valid OpenAPI 3.1, and every reference in them leads somewhere', async () => {
    for (const { name, document } of documents) {
      const { valid, errors } = await new Validator().validate({ ...document });
      expect([name, valid, errors ?? null]).toEqual([name, true, null]);
      const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)];
      const lost = references.filter(([, path = '']) => at(document, path.split('/')) === undefined);
      expect(lost.map(([reference]) => reference)).toEqual([]);
    }
  });

  test('have every route of their listener, but those of the document itself', () => {
    const apps = {
      public: createApp(world.services, new StockStream(world.services)),
      ops: createOpsApp(world.services),
    };
    for (const { name, operations } of documents) {
      const mounted = apps[name].routes
        .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`)
        .filter((route) => !/ \/(docs|docs\/reader\.js|openapi\.json)$/.test(route));
      expect(operations.map(({ at }) => at).sort()).toEqual(mounted.sort());
    }
  });

  test('say where they are served, what each tag is, and when each of their codes comes', () => {
    for (const { document } of documents) {
      expect(document.servers.map(({ url }) => url)).toEqual(['/']);
      const codes = Object.keys(document.components.examples) as ErrorCode[];
      expect(codes.length).toBeGreaterThan(10);
      for (const code of codes) {
        expect(document.info.description).toContain(`- \`${code}\` (${HTTP_STATUS[code]}): `);
      }
    }
    const undescribed = complaints(({ tags = [] }, document) =>
      tags.length === 1 && document.tags.some(({ name }) => name === tags[0])
        ? []
        : [`has the tags [${tags.join(', ')}]; give it one that is described in TAGS of api/http/docs.ts.`],
    );
    expect(undescribed).toEqual([]);
  });

  test('between them speak of every code that there is', () => {
    const spoken = new Set(
      documents.flatMap(({ operations }) =>
        operations.flatMap(({ responses = {} }) =>
          Object.values(responses).flatMap(({ content = {} }) =>
            Object.values(content).flatMap(({ schema }) => codesOf(schema)),
          ),
        ),
      ),
    );
    const unspoken = ERROR_CODES.filter((code) => !spoken.has(code) && !ANYWHERE.has(code));
    expect(unspoken).toEqual([]);
  });
});

/** Of paths that are no operation. */
const ANYWHERE: ReadonlySet<ErrorCode> = new Set(['not_found', 'method_not_allowed']);

function at(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], value);
}

describe('every operation', () => {
  test('has a summary and an id of its own, made from its method and path', () => {
    const ids = documents.flatMap(({ operations }) => operations.map(({ operationId }) => operationId));
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
    const wrong = complaints(({ summary = '', operationId, method, path }) => [
      ...(summary.length > 5 && !summary.endsWith('.') ? [] : ['has no summary; give it documented({...}).']),
      ...(operationId === operationIdOf(method, path) && /^[a-zA-Z]+$/.test(operationId)
        ? []
        : [`has the id ${operationId}; it is made by operationIdOf of api/http/document.ts.`]),
    ]);
    expect(wrong).toEqual([]);
  });

  test('needs a token if it is for operators, and only then', () => {
    const wrong = complaints(({ path, security = [], responses = {} }) => {
      const isGuarded = JSON.stringify(security) === '[{"operator":[]}]' && '401' in responses;
      if (isGuarded === path.startsWith('/ops/')) return [];
      return ['/ops/ and isForOperators go together; set it in its documented({...}).'];
    });
    expect(wrong).toEqual([]);
    expect(documents.map(({ document }) => Object.keys(document.components.securitySchemes ?? {}))).toEqual([
      [],
      ['operator'],
    ]);
  });

  test('takes an Idempotency-Key and a Change-Reason if it changes something for an operator', () => {
    const wrong = complaints(({ method, path, parameters = [] }) => {
      const isChange = path.startsWith('/ops/') && method !== 'GET';
      const takes = (header: string) => parameters.some(({ name }) => name === header);
      return isChange && !(takes('Idempotency-Key') && takes('Change-Reason'))
        ? ['changes something; set isChange in its documented({...}).']
        : [];
    });
    expect(wrong).toEqual([]);
  });

  test('explains its parameters, each with an example', () => {
    const wrong = complaints(({ parameters = [] }) =>
      parameters.flatMap(({ name, in: place, description = '', example }) => {
        const where = {
          path: 'give its collection a line in api/http/path-parameters.ts',
          query: "write description and examples: ['...'] in its t.String({...})",
          header: 'describe it in documented({ headers }), its example in HEADER_EXAMPLES of document.ts',
        }[place];
        return description !== '' && typeof example === 'string'
          ? []
          : [`the ${place} parameter ${name} has no description or no example; ${where}.`];
      }),
    );
    expect(wrong).toEqual([]);
  });

  test('shows a body that it would take, and says that it may be too large or of another type', () => {
    const wrong = complaints(({ requestBody, responses = {} }, document) => {
      if (requestBody === undefined) return [];
      const { content } = requestBody;
      return [
        ...Object.entries(content).flatMap(([type, media]) =>
          shownWrongly(`the body ${type}`, media, document),
        ),
        ...(Object.keys(content).join() === 'application/json'
          ? []
          : ['takes more than JSON; read it by asJson.']),
        ...('413' in responses && '415' in responses ? [] : ['takes a body; set takesBody in documented.']),
      ];
    });
    expect(wrong).toEqual([]);
  });

  test('takes the body of its contract', () => {
    const apps = [createApp(world.services, new StockStream(world.services)), createOpsApp(world.services)];
    const contracts = new Map(
      apps.flatMap((app) =>
        app.routes.map(({ method, path, hooks }) => [`${method} ${path}`, hooks.body] as const),
      ),
    );
    const wrong = complaints(({ method, path, requestBody }) => {
      const contract = contracts.get(`${method} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`) as
        | JsonSchema
        | undefined;
      if (contract?.properties === undefined) return [];
      const said = requestBody?.content['application/json']?.schema;
      const isSaid = Bun.deepEquals(outlineOf(said), outlineOf(contract));
      return isSaid ? [] : ['the document says something else of the body than its contract.'];
    });
    expect(wrong).toEqual([]);
  });
});

function outlineOf(schema: JsonSchema | undefined) {
  const { properties = {}, required = [], additionalProperties } = schema ?? {};
  return { fields: Object.keys(properties), required, additionalProperties };
}

describe('every reply', () => {
  test('has a request id, a form and an example', () => {
    const wrong = complaints(({ responses = {} }, document) =>
      Object.entries(responses).flatMap(([status, { content = {}, headers = {} }]) => [
        ...('x-request-id' in headers ? [] : [`${status} has no x-request-id.`]),
        ...(Object.keys(content).length > 0 ? [] : [`${status} has no content; give it documented({...}).`]),
        ...Object.values(content).flatMap((media) => shownWrongly(status, media, document)),
      ]),
    );
    expect(wrong).toEqual([]);
  });

  test('with a status of success is there, and one for a store that is away', () => {
    const wrong = complaints(({ responses = {} }) => [
      ...(Object.keys(responses).some((status) => status < '300') ? [] : ['has no success.']),
      ...('503' in responses ? [] : ['can be unavailable; write it among its failures.']),
    ]);
    expect(wrong).toEqual([]);
  });

  test('that is a failure names its codes, each with an example of its own', () => {
    const wrong = complaints(({ responses = {} }, document) =>
      Object.entries(responses)
        .filter(([status]) => Number(status) >= 400)
        .flatMap(([status, { content = {} }]) => {
          const { schema = {}, examples = {} } = content['application/json'] ?? {};
          const codes = codesOf(schema) as ErrorCode[];
          const misplaced = codes.filter((code) => HTTP_STATUS[code] !== Number(status));
          const missing = codes.filter((code) => codeShown(examples[code], document) !== code);
          return [
            ...(codes.length === 0 ? [`${status} names no code.`] : []),
            ...misplaced.map((code) => `${code} does not belong to ${status}.`),
            ...missing.map((code) => `${status} has no example of ${code}.`),
          ];
        }),
    );
    expect(wrong).toEqual([]);
  });
});

function valueOf(example: Example | Reference, document: OpenApi): unknown {
  if (!('$ref' in example)) return example.value;
  const found = at(document, example.$ref.slice(2).split('/')) as Example | undefined;
  return found?.value;
}

function codeShown(example: Example | Reference | undefined, document: OpenApi): unknown {
  return example === undefined ? undefined : (valueOf(example, document) as { code?: string })?.code;
}

/** Complaints about examples that are missing, guessed, or not of their schema. */
function shownWrongly(what: string, { schema, example, examples = {} }: Media, document: OpenApi): string[] {
  const shown = [
    ...(example === undefined ? [] : [example]),
    ...Object.values(examples).map((one) => valueOf(one, document)),
  ];
  if (shown.length === 0) return [`${what} has no example.`];
  const contract = strict(schema, document.components);
  const faults = shown.flatMap((value) => {
    const [fault] = Value.Errors(contract, value);
    return fault === undefined
      ? []
      : [
          `${what}: the example is not as it says: ${fault.path} ${fault.message}; got ${JSON.stringify(fault.value)}.`,
        ];
  });
  const guesses = example === undefined ? [] : guessesIn(schema, '', what);
  return [
    ...faults,
    ...guesses.map(
      (path) =>
        `${path} has no example; write examples: [...] in its contract, or a word in api/http/example.ts.`,
    ),
  ];
}
