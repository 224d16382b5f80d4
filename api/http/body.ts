/** Reads request bodies: bounded, JSON only, and with faults that a caller can act on. */

import type { Static, TSchema } from '@sinclair/typebox';
import type { TypeCheck } from '@sinclair/typebox/compiler';
import { fieldErrors } from '@flash-sale/shared/contracts/field-errors.ts';
import { BODY_BYTES_MAX } from '@flash-sale/shared/limits.ts';
import { invalidRequest } from './failures.ts';
import { RequestFault } from './reply.ts';

/**
 * How routes that take a JSON body read it: Elysia reads the text, and we make of it what the contract is checked
 * against. Not by a parser of our own, because Elysia then looks at `request.body` first, and a stream that is made
 * only to be looked at costs more than all the rest of reading.
 */
export const asJson = reading((text, request) => {
  requireJson(request);
  return parseJson(text);
});

/** For routes whose body may be left out. */
export const asJsonOrNothing = reading((text, request) => {
  if (text === '') return {};
  requireJson(request);
  return parseJson(text);
});

/** For routes that need the text as it was sent, because a signature covers it. */
export const asRawJson = reading((text, request) => {
  requireJson(request);
  return text;
});

/** @param understand throws RequestFault when that is no body for us */
function reading(understand: (text: string, request: Request) => unknown) {
  return {
    parse: 'text' as const,
    transform(context: { body: unknown; request: Request }): void {
      const text = String(context.body);
      // The server itself bounds what is read, at a few times this.
      refuseOver(Buffer.byteLength(text));
      context.body = understand(text, context.request);
    },
  };
}

/** Ours are flat. Elysia's report of a refused body is indented, so a deep one would take it seconds to write. */
const DEPTH_MAX = 16;

function requireJson(request: Request): void {
  const type = request.headers.get('content-type') ?? '';
  if (/^application\/json\s*(;|$)/i.test(type)) return;
  throw new RequestFault(
    'unsupported_media_type',
    `The body must be JSON: send "Content-Type: application/json"${type === '' ? '' : `, not "${type}"`}.`,
  );
}

/** For routes that took the text: what Elysia does for the others. @throws RequestFault */
export function readJson<Contract extends TSchema>(
  contract: TypeCheck<Contract>,
  text: string,
): Static<Contract> {
  const value = parseJson(text);
  if (contract.Check(value)) return value;
  throw invalidRequest(fieldErrors(contract.Errors(value)));
}

/** @throws RequestFault */
function parseJson(text: string): unknown {
  if (text === '') throw new RequestFault('bad_request', 'The body is empty; expected a JSON object.');
  return notTooDeep(parse(text));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new RequestFault('bad_request', 'The body is not valid JSON.');
  }
}

function notTooDeep(value: unknown): unknown {
  if (!isDeeperThan(DEPTH_MAX, value)) return value;
  throw new RequestFault('bad_request', `The body is nested more than ${DEPTH_MAX} levels deep.`);
}

function isDeeperThan(levels: number, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  for (const inner of Array.isArray(value) ? value : Object.values(value)) {
    if (typeof inner === 'object' && isDeeperThan(levels - 1, inner)) return true;
  }
  return false;
}

function refuseOver(bytes: number): void {
  if (bytes <= BODY_BYTES_MAX) return;
  throw new RequestFault('body_too_large', `The body is larger than ${BODY_BYTES_MAX} bytes.`);
}
