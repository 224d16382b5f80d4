/** What is known of the audit log: who changed what, of all operators. */

import type { AnyEvent } from '@flash-sale/shared/contracts/event.ts';
import type { AuditRow, ChainView } from '@flash-sale/shared/contracts/operator.ts';
import { NOT_READ, type ServerList } from '../list/pages.ts';

export interface AuditSlice {
  readonly log: ServerList<AuditRow>;
  /** What the last check of every hash found; null before the first. */
  readonly checked: (ChainView & { readonly atMs: number }) | null;
}

export const NO_AUDIT: AuditSlice = { log: NOT_READ, checked: null };

/** Every change of an operator is told, and is in the log then. The same slice when there was none. */
export function withActs(slice: AuditSlice, events: readonly AnyEvent[]): AuditSlice {
  const isGap = events.some(({ type }) => type === 'gap' || type === 'dropped');
  if (!isGap && !events.some(({ type }) => type === 'operator.acted')) return slice;
  const behind = isGap || slice.log.behind === 'lost' ? 'lost' : 'new';
  return { ...slice, log: { ...slice.log, behind } };
}
