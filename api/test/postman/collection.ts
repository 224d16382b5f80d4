/** The collection: a sale walked through, then every operation of both documents. A pure function of the documents. */

import { SCHEMA, script, type Collection, type Folder, type Item } from './format.ts';
import { operationsOf, type Documents, type FoundOperation, type Listener } from './operations.ts';
import { requestFor } from './requests.ts';
import { beforeRequest, documentedReply, expectedReply, TAKES_THE_EXAMPLE } from './scripts.ts';
import { VARIABLES } from './variables.ts';
import { WALK, type Step } from './walk.ts';

export const WALK_FOLDER = 'A sale from launch to refund';

export function collectionFor(documents: Documents): Collection {
  const operations = operationsOf(documents);
  const byId = new Map(operations.map((operation) => [operation.operationId, operation]));
  return {
    info: {
      name: 'Flash Sale API',
      description: ABOUT,
      schema: SCHEMA,
    },
    auth: { type: 'noauth' },
    variable: VARIABLES,
    item: [
      { name: WALK_FOLDER, description: ABOUT_WALK, item: WALK.map((step) => stepItem(byId, step)) },
      listenerFolder('buyers', 'Buyers and payment providers', documents, operations),
      listenerFolder('operators', 'Operators', documents, operations),
    ],
  };
}

const ABOUT = `Every request of both listeners, with tests: the status, the content type, the envelope and the code must be documented
ones. Generated from the OpenAPI documents by \`bun run postman\`.

Start the API, set \`token\` to the content of \`.flashsale/operator-token\`, and run the folder "${WALK_FOLDER}"
first: it sets the ids that the other requests use. The requests change things, so run them on a trial installation.`;

const ABOUT_WALK = 'In this order. Each step checks what it brings about, and keeps the ids for the next.';

function listenerFolder(
  listener: Listener,
  name: string,
  documents: Documents,
  operations: readonly FoundOperation[],
): Folder {
  const document = documents[listener];
  const own = operations.filter((operation) => operation.listener === listener);
  return {
    name,
    description: document.info.description,
    auth: BEARER[listener],
    item: document.tags.map((tag) => ({
      name: tag.name,
      description: tag.description,
      item: own.filter((operation) => operation.tag === tag.name).map(operationItem),
    })),
  };
}

const BEARER = {
  buyers: { type: 'noauth' },
  operators: { type: 'bearer', bearer: [{ key: 'token', value: '{{token}}', type: 'string' }] },
} as const;

function operationItem(operation: FoundOperation): Item {
  return {
    name: operation.summary ?? operation.operationId,
    event: [
      ...script('prerequest', beforeRequest(operation)),
      ...script('test', [
        ...documentedReply(operation),
        ...(operation.requestBody === undefined ? [] : TAKES_THE_EXAMPLE),
      ]),
    ],
    request: requestFor(operation),
    response: [],
  };
}

function stepItem(operations: ReadonlyMap<string, FoundOperation>, step: Step): Item {
  const operation = operations.get(step.operation);
  if (operation === undefined) {
    throw new Error(`walk.ts: the step "${step.name}" is ${step.operation}, which no document has.`);
  }
  return {
    name: step.name,
    event: [
      ...script('prerequest', [...freshLines(step.fresh ?? []), ...beforeRequest(operation)]),
      ...script('test', [...documentedReply(operation), ...expectedReply(step)]),
    ],
    request: { ...requestFor(operation, step), auth: BEARER[operation.listener] },
    response: [],
  };
}

/** Names that nobody used before: a collection is run more than once. */
function freshLines(variables: readonly string[]): string[] {
  return variables.map(
    (name) => `pm.collectionVariables.set('${name}', pm.variables.replaceIn('${name}-{{$guid}}'));`,
  );
}
