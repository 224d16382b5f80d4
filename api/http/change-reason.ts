/** `Change-Reason`: why an operator changes something, for the audit log. Never required: an emergency stop waits for no reason. */

import { REASON_EXPECTED, reasonOf } from '@flash-sale/shared/change-reason.ts';
import { invalidRequest } from './failures.ts';

/**
 * @param sent the header as it was sent, if it was
 * @throws RequestFault when it is not usable
 */
export function readReason(sent: string | undefined): string | null {
  if (sent === undefined) return null;
  const text = decoded(sent);
  if (text === undefined) {
    throw invalidRequest({
      'Change-Reason': ['must be ASCII, or UTF-8 that is percent-encoded; a % is sent as %25'],
    });
  }
  const reason = reasonOf(text);
  if (reason === undefined) throw invalidRequest({ 'Change-Reason': [`must be ${REASON_EXPECTED}`] });
  return reason;
}

/** Bytes beyond ASCII arrive as whatever a proxy made of them, so they are not guessed at. */
function decoded(sent: string): string | undefined {
  try {
    return /^[\t -~]*$/.test(sent) ? decodeURIComponent(sent) : undefined;
  } catch {
    return undefined;
  }
}
