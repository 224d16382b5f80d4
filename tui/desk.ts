/** What an action may use: the desk that an operator sits at. */

import type { Answer, Api } from './api.ts';
import type { ChangeHeaders } from './change-headers.ts';
import type { ServerClock } from './connection/server-clock.ts';
import type { Ask } from './dialogs/ask.ts';
import type { Frame } from './state/frames.ts';
import type { Store } from './state/store.ts';

export interface Change<Data> {
  /** Nothing is changed by it: it is kept in the journal, and not counted as a change. */
  readonly isLook?: boolean;
  /** "Release hold 00000001…e1f8a6": for the journal. */
  readonly what: string;
  /** Sends it. The key is the same when it is sent again, so that it is done once. */
  readonly send: (headers: ChangeHeaders) => Promise<Answer<Data>>;
  /** For the audit log; empty or absent when nobody said why. */
  readonly reason?: string;
  /** What came of it, for people; what the API said when absent. */
  readonly tell?: (data: Data) => string;
}

export interface Desk {
  readonly store: Store;
  readonly api: Api;
  /** Where buyers of a rehearsal go, and what its payments are signed with; null: nobody said. */
  readonly buyers: { readonly apiUrl: string | null; readonly secret: string | null };
  readonly ask: Ask;
  /** Told the time of each reply that says what time it is for Redis. */
  readonly clock: Pick<ServerClock, 'asked'>;
  /** The state and the time, as the screen has them. */
  readonly frame: () => Frame;
  /** Says something for a moment; it is kept in the journal. */
  readonly say: (text: string, tone?: 'good' | 'warn' | 'info') => void;
  /** Changes something, once, and says what came of it; when nobody answers it is sent again under the same key. */
  readonly change: <Data>(change: Change<Data>) => Promise<Answer<Data>>;
  /** Sends a change of the journal once more, under its key: it is done now, or it was done before. */
  readonly askAgain: (entryId: string) => Promise<void>;
  readonly copy: (text: string, what: string) => void;
  /** Reads anew what the current room shows. */
  readonly reload: () => void;
  /** Moves in the help, no further than its ends. */
  readonly scrollHelp: (lines: number) => void;
  /** Does what is selected in the palette. */
  readonly runFromPalette: () => void;
  /** Tries the connection now instead of later. */
  readonly reconnect: () => void;
  /** Lends the screen to the operator's pager. */
  readonly page: (text: string) => void;
  readonly redraw: () => void;
  /** Says the rows of the screen, in linear mode. */
  readonly recite: () => void;
  readonly suspend: () => void;
  readonly toggleMouse: () => void;
  /** Something broke that should not: it is said, kept, and the terminal goes on. */
  readonly fail: (what: string, fault: unknown) => void;
  readonly quit: () => void;
}
