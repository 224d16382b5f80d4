/** Reads request bodies: bounded, JSON only, and with faults that a caller can act on. */

import { BODY_BYTES_MAX } from '@flash-sale/shared/limits.ts';
import { RequestFault } from './reply.ts';

async function readText(request: Request): Promise<string> {
  // A body without a length is bounded by the server itself, at a few times this.
  refuseOver(Number(request.headers.get('content-length') ?? 0));
  const text = await request.text();
  refuseOver(Buffer.byteLength(text));
  return text;
}

/** Ours are flat. Elysia's report of a refused body is indented, so a deep one would take it seconds to write. */
const DEPTH_MAX = 16;

/**
 * How routes that take a JSON body read it. The second name is never reached; it tells the OpenAPI document what the
 * first one takes.
 */
export const asJson: [typeof readJson, 'json'] = [readJson, 'json'];

/** For routes whose body may be left out. */
export const asJsonOrNothing: [typeof readJsonOrNothing, 'json'] = [readJsonOrNothing, 'json'];

/** @throws RequestFault */
async function readJsonOrNothing({ request }: { request: Request }): Promise<unknown> {
  const text = await readText(request);
  // Never undefined: that would hand the body on to the second name.
  if (text === '') return {};
  requireJson(request);
  return parseJson(text);
}

/** @throws RequestFault */
async function readJson({ request }: { request: Request }): Promise<unknown> {
  requireJson(request);
  const bytes = Number(request.headers.get('content-length') ?? 0);
  if (bytes === 0) return parseJson(await readText(request));
  // In one step where its length is known, as it is of nearly all.
  refuseOver(bytes);
  return notTooDeep(await request.json().catch(refuseBroken));
}

/** For routes that need the bytes as they were sent, because a signature covers them. @throws RequestFault */
export function readRawJson({ request }: { request: Request }): Promise<string> {
  requireJson(request);
  return readText(request);
}

function requireJson(request: Request): void {
  const type = request.headers.get('content-type') ?? '';
  if (/^application\/json\s*(;|$)/i.test(type)) return;
  throw new RequestFault(
    'unsupported_media_type',
    `The body must be JSON: send "Content-Type: application/json"${type === '' ? '' : `, not "${type}"`}.`,
  );
}

/** @throws RequestFault */
export function parseJson(text: string): unknown {
  if (text === '') throw new RequestFault('bad_request', 'The body is empty; expected a JSON object.');
  return notTooDeep(parse(text));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    return refuseBroken(error);
  }
}

/** A caller that goes away in the middle of its body is not one that sends broken ones. */
function refuseBroken(error: unknown): never {
  if (!(error instanceof SyntaxError)) throw error;
  throw new RequestFault('bad_request', 'The body is not valid JSON.');
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
