/** The limits of the terminal, each with its reason; all others are in `limits.ts`. */

import { EVENTS_HEARTBEAT_MS } from './limits.ts';

/** A terminal that hears nothing for two heartbeats has a dead link, however connected it looks. */
export const EVENTS_SILENCE_MS = 2 * EVENTS_HEARTBEAT_MS;

/** A terminal's tries to connect again: soon enough not to be noticed, seldom enough for an API that starts. */
export const RECONNECT_MIN_MS = 250;
export const RECONNECT_MAX_MS = 5_000;

/** One event as text, in characters: a hundred times the longest there is. More is no stream of ours. */
export const EVENT_LENGTH_MAX = 65_536;

/** The terminal's estimate of Redis' clock rests on samples no older than this: laptops drift 15 ms in that time. */
export const CLOCK_SAMPLE_KEPT_MS = 5 * 60_000;

/** A correction of the clock up to this is waited for, so that no countdown runs backwards; more is told at once. */
export const CLOCK_STEP_MS = 2_000;

/** Frames of the terminal per second: what people see as smooth in a table; fewer over SSH, where each costs a packet. */
export const FRAMES_PER_SECOND_DEFAULT = 10;
export const FRAMES_PER_SECOND_OVER_SSH = 4;
/** Ink writes no more than this. */
export const FRAMES_PER_SECOND_MAX = 30;

/** What the terminal remembers of its own doings: a long shift's worth. */
export const JOURNAL_ROWS_MAX = 1_000;

/** A message stays on the screen for as long as it takes to read two lines; the journal keeps it. */
export const TOAST_MS = 6_000;

/** Longer than the API takes for anything: after that the connection is dead, however open it looks. */
export const API_SILENCE_MS = 10_000;

/** A change whose answer was lost is sent again under its key, for some seconds: then the operator is told. */
export const CHANGE_ATTEMPTS_MAX = 4;

/** Long enough to read the name of the sale once more and to hit escape. */
export const LAUNCH_COUNTDOWN_MS = 5_000;

/** Events reach the screen some times a second at most, however many there are. */
export const EVENTS_TOLD_EVERY_MS = 100;

/** The board follows a sale second by second. */
export const OVERVIEW_READ_EVERY_MS = 1_000;

/** Living holds of a sale that the terminal keeps, the soonest to expire: a hundred pages, and more than anybody reads. */
export const HOLDS_SHOWN_MAX = 20_000;

/** A hold that ended stays in its place for so long, with the word of what became of it. */
export const GHOST_MS = 2_000;

/** One under the other; more of them would push what lives off the screen. */
export const GHOSTS_TOGETHER_MAX = 5;

/** Rows change their places at most once in this time: at each turn of a second, though timers are not exact. */
export const REORDER_EVERY_MS = 900;

/** A hold that expires within this is shown to the tenth of a second. */
export const EXPIRING_SOON_MS = 10_000;

/** The doctor waits no longer for a connection or a page: an operator who waits for it has a sale to look after. */
export const DOCTOR_PATIENCE_MS = 3_000;

/** A stream that begins later is held back on its way. */
export const STREAM_READY_MAX_MS = 2_000;

/** What happens is told within this, or something between the API and the terminal is too slow. */
export const EVENT_LATE_MS = 1_000;

/** A terminal says where its cursor is within this, over a slow line too; others never do. */
export const CURSOR_ANSWER_MAX_MS = 1_000;

/** Long enough to ask an admin for a new token. */
export const TOKEN_ENDS_SOON_MS = 3 * 86_400_000;

/** A quarter: whoever works with it did so once by then, and access is looked through as often. */
export const TOKEN_UNUSED_LONG_MS = 90 * 86_400_000;

/** A crowd that one rehearsal plays: beyond it one client is no crowd any more. */
export const REHEARSAL_BUYERS_MAX = 1_000_000;

/** Sockets of one rehearsal: within what a process may usually open. */
export const REHEARSAL_CONNECTIONS_MAX = 4_000;

/** An hour of buyers and what comes after: memory is kept for each second. */
export const REHEARSAL_SECONDS_MAX = 7_200;
