/** What an error of SQL says: that something is there already, that it may run again, or nothing about the statement. */

import { DrizzleQueryError } from 'drizzle-orm/errors';

/** True when the statement met a row that is already there, under the named key or any. */
export function isDuplicateKey(error: unknown, keyName?: string): boolean {
  const fault = faultOf(error);
  if (fault?.errno !== 1062) return false;
  // The message also holds the value, which is the caller's: only its end names the key.
  return keyName === undefined || new RegExp(`for key '(?:\\w+\\.)?${keyName}'$`).test(String(fault.message));
}

interface Fault {
  readonly errno: number;
  readonly message: string;
  /** Set when the server answered. */
  readonly sqlState?: string;
}

function faultOf(error: unknown): Fault | undefined {
  const cause = error instanceof DrizzleQueryError ? error.cause : error;
  if (!(cause instanceof Error)) return undefined;
  if ('sqlState' in cause && 'errno' in cause) return cause as Error & Fault;
  // A connection that could not be made or closed under a query says so by its code, and has no state of the server.
  const isOfConnection =
    'fatal' in cause || ('code' in cause && /^(PROTOCOL_|E[A-Z]+$)/.test(String(cause.code)));
  return isOfConnection ? { errno: -1, message: cause.message } : undefined;
}

/** Deadlock, lock wait time-out, snapshot conflict. */
const RETRIED = new Set([1213, 1205, 1020]);

/** The transaction was undone, and may run again. */
export function isUndone(error: unknown): boolean {
  return RETRIED.has(faultOf(error)?.errno ?? 0);
}

const UNAVAILABLE = new Set([
  // Too many connections: of all, of a user or of a host.
  1040, 1129, 1203, 1226,
  // It shuts down, or closed the connection.
  1053, 1077, 1184, 1927,
  // It takes no writes: a replica, or about to be one.
  1290, 1836,
  // It gave the statement up, because it took too long.
  1969, 3024,
]);

/** Of the connection or of the server, not of the statement: nobody knows whether that was carried out. */
export function saysNothing(error: unknown): boolean {
  const fault = faultOf(error);
  if (fault === undefined) return false;
  return fault.sqlState === undefined || UNAVAILABLE.has(fault.errno);
}
