/** What this operator did here, and what the terminal had to say: toasts are gone in a moment, this is not. */

import { JOURNAL_ROWS_MAX } from '@flash-sale/shared/terminal-limits.ts';

export type EntryState = 'sending' | 'done' | 'refused' | 'unknown' | 'said' | 'warned';

export interface JournalEntry {
  readonly id: string;
  /** By the clock of this machine. */
  readonly atMs: number;
  /** "Release hold 00000001…e1f8a6" */
  readonly what: string;
  /** `unknown`: nobody answered, so it may have been done or not. `said`, `warned`: not an action, a message. */
  readonly state: EntryState;
  /** What the API answered, or what was said. */
  readonly result: string;
}

export interface Journal {
  /** Newest first. */
  readonly entries: readonly JournalEntry[];
  /** How many changes were made, also by entries that are not kept any more. */
  readonly changesMade: number;
}

export const EMPTY_JOURNAL: Journal = { entries: [], changesMade: 0 };

export function addEntry({ entries, changesMade }: Journal, entry: JournalEntry): Journal {
  return { changesMade, entries: [entry, ...entries].slice(0, JOURNAL_ROWS_MAX) };
}

export function closeEntry(
  { entries, changesMade }: Journal,
  id: string,
  end: { readonly state: EntryState; readonly result: string },
  isLook = false,
): Journal {
  return {
    entries: entries.map((entry) => (entry.id === id ? { ...entry, ...end } : entry)),
    changesMade: changesMade + (end.state === 'done' && !isLook ? 1 : 0),
  };
}

/** What was done, without what was said. */
export function isAct({ state }: JournalEntry): boolean {
  return state !== 'said' && state !== 'warned';
}
