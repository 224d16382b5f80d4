/** The operations of both documents, with all that a request and its tests need to know. */

import type { OpenApi, Operation, Parameter } from '../../http/openapi.ts';
import { codesOf } from '../fuzz/document.ts';

export interface Documents {
  readonly buyers: OpenApi;
  readonly operators: OpenApi;
}

export type Listener = keyof Documents;

export interface FoundOperation extends Operation {
  readonly listener: Listener;
  readonly method: string;
  readonly path: string;
  readonly tag: string;
  readonly parameters: readonly Parameter[];
  readonly isStream: boolean;
  readonly replies: Readonly<Record<string, DocumentedReply>>;
}

/** What a script compares a reply with. */
interface DocumentedReply {
  readonly types: readonly string[];
  /** Of a failure. */
  readonly codes?: readonly string[];
  /** Not in the envelope. */
  readonly isBare?: true;
}

export function operationsOf(documents: Documents): FoundOperation[] {
  return (['buyers', 'operators'] as const).flatMap((listener) =>
    Object.entries(documents[listener].paths).flatMap(([path, operations]) =>
      Object.entries(operations).map(([method, operation]) => found(listener, method, path, operation)),
    ),
  );
}

function found(listener: Listener, method: string, path: string, operation: Operation): FoundOperation {
  const { tags = [], parameters = [], responses = {} } = operation;
  const replies = Object.entries(responses)
    // Documented, and yet nothing that a test lets pass.
    .filter(([status]) => status !== '500')
    .map(([status, { content = {} }]) => {
      const codes = Object.values(content).flatMap(({ schema }) => codesOf(schema));
      const isBare = !path.startsWith('/api/') && !path.startsWith('/ops/');
      return [
        status,
        {
          types: Object.keys(content),
          ...(codes.length === 0 ? {} : { codes }),
          ...(isBare ? { isBare: true as const } : {}),
        },
      ] as const;
    });
  return {
    ...operation,
    listener,
    method: method.toUpperCase(),
    path,
    tag: tags[0] ?? '',
    parameters,
    isStream: 'text/event-stream' in (responses['200']?.content ?? {}),
    replies: Object.fromEntries(replies),
  };
}
