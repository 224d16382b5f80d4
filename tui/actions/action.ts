/**
 * Something an operator can do. One list of these is the keys, the footer, the help, the palette, the commands, the
 * documentation and what is refused in a read-only context.
 */

import type { OperatorRole } from '@flash-sale/shared/lifecycle.ts';
import type { Desk } from '../desk.ts';
import type { RoomName, State } from '../state/state.ts';

/** Where its keys work. A place that takes text or asks something keeps all other keys from working. */
export const PLACES = ['everywhere', 'list', 'filter', 'palette', 'help', 'dialog'] as const;
export type Place = (typeof PLACES)[number] | RoomName;

export interface Action {
  /** Also its command, with blanks: `hold.release` is `:hold release`. */
  readonly id: string;
  /** Names as `presses` has them; the first is the one that is shown. */
  readonly keys: readonly string[];
  readonly place: Place;
  /** "Release the hold, and give its units back" */
  readonly title: string;
  /** For the footer: "release". Without it, it is not shown there. */
  readonly hint?: string;
  /**
   * `looks`: changes nothing of the sale. `changes`: is asked for and told in the audit log. Only those are refused
   * to viewers and in a read-only context.
   */
  readonly does: 'looks' | 'changes';
  /** The role that it needs, where that is not `operator` for changes. */
  readonly role?: OperatorRole;
  /** Views of the room in which it works; all when absent. */
  readonly views?: readonly string[];
  /** What may follow the command: "text to find". */
  readonly takes?: string;
  /** Why it cannot be done now, and what to do; null when it can. */
  reason?(state: State): string | null;
  run(desk: Desk, words: string): void | Promise<void>;
}
