/** Follows the operators' stream of events for as long as the terminal is open. */

import { EVENT_TYPES, type AnyEvent, type ControlEvent } from '@flash-sale/shared/contracts/event.ts';
import { EVENTS_SILENCE_MS, RECONNECT_MAX_MS, RECONNECT_MIN_MS } from '@flash-sale/shared/terminal-limits.ts';
import { readLink } from './link.ts';
import type { ServerSentEvent } from './server-sent-events.ts';

/** `at` is by Redis' clock. */
export type FollowedEvent = AnyEvent & { readonly at: string };

/** The reasons are for people. */
export type FollowState =
  | {
      readonly kind: 'connecting';
      /** Which try this is, or the next one will be; 1 is the first after a link that lasted. */
      readonly attempt: number;
      /** By `performance.now()`; null: trying now. */
      readonly nextTryAtMs: number | null;
      /** What ended the link before; null: there was none. */
      readonly reason: string | null;
    }
  | { readonly kind: 'live' }
  /** Nothing is tried any more, unless told to. */
  | { readonly kind: 'refused'; readonly reason: string };

export interface FollowOptions {
  /** Of the operators' listener, without a slash at its end. */
  readonly url: string;
  readonly token: string;
  /**
   * Told each event once and in order, heartbeats and `ready` included. After a `gap` the lists must be read again; after
   * a `ready` without one nothing was missed, except before the very first.
   */
  readonly onEvent: (event: FollowedEvent) => void;
  readonly onState: (state: FollowState) => void;
  /** An event that this terminal cannot read, of a newer API, say; `count` of them so far. */
  readonly onUnknown: (type: string, count: number) => void;
  readonly silenceMs?: number;
}

export interface Following {
  /** Does not wait for the next try; also tries again after a refusal. */
  readonly retryNow: () => void;
  readonly close: () => void;
}

/** Where this terminal is in the stream. */
interface Place {
  lastId: string;
  /** By `performance.now()`; null: not now. */
  liveSinceMs: number | null;
  /** The API does not know where this terminal was: something may be missing before the next `ready`. */
  isLost: boolean;
  unknown: number;
}

export function followEvents(options: FollowOptions): Following {
  const closing = new AbortController();
  const pause = pauses();
  void follow(options, closing.signal, pause.wait);
  return {
    retryNow: pause.end,
    close() {
      closing.abort();
      pause.end();
    },
  };
}

async function follow(
  options: FollowOptions,
  closed: AbortSignal,
  wait: (ms: number) => Promise<void>,
): Promise<void> {
  const { url, token, onState, silenceMs = EVENTS_SILENCE_MS } = options;
  const place: Place = { lastId: '', liveSinceMs: null, isLost: false, unknown: 0 };
  let attempt = 1;
  let reason: string | null = null;
  while (!closed.aborted) {
    onState({ kind: 'connecting', attempt, nextTryAtMs: null, reason });
    const link = readLink({ url, token, lastId: place.lastId, silenceMs, closed });
    let step = await link.next();
    for (; step.done !== true; step = await link.next()) {
      for (const received of step.value) if (!closed.aborted) take(received, place, options);
    }
    if (closed.aborted) return;
    reason = step.value.reason;
    if (step.value.kind === 'refused') {
      onState({ kind: 'refused', reason });
      await wait(Infinity);
      attempt = 1;
      continue;
    }
    if (step.value.kind === 'forgotten') Object.assign(place, { lastId: '', isLost: true });
    // One that is cut again and again is not tried faster and faster.
    const hasLasted = place.liveSinceMs !== null && performance.now() - place.liveSinceMs > RECONNECT_MAX_MS;
    place.liveSinceMs = null;
    attempt = hasLasted ? 1 : attempt + 1;
    const pauseMs = pauseBefore(attempt);
    onState({ kind: 'connecting', attempt, nextTryAtMs: performance.now() + pauseMs, reason });
    await wait(pauseMs);
  }
}

function take(received: ServerSentEvent, place: Place, { onEvent, onState, onUnknown }: FollowOptions): void {
  place.lastId = received.id;
  const event = eventOf(received);
  if (event === null) {
    place.unknown += 1;
    onUnknown(received.type, place.unknown);
    return;
  }
  if (event.type === 'ready') {
    place.liveSinceMs = performance.now();
    onState({ kind: 'live' });
  }
  onEvent(event);
  if (event.type === 'ready' && place.isLost) {
    place.isLost = false;
    onEvent({ type: 'gap', at: event.at, reason: 'trimmed', sale_id: null });
  }
}

const CONTROL_TYPES: readonly ControlEvent['type'][] = ['ready', 'heartbeat', 'gap', 'dropped'];
const KNOWN: ReadonlySet<unknown> = new Set([...EVENT_TYPES, ...CONTROL_TYPES]);

/** What an event of a known type holds is the contract's, as with every reply. */
function eventOf({ data }: ServerSentEvent): FollowedEvent | null {
  try {
    const value: unknown = JSON.parse(data);
    const isKnown =
      typeof value === 'object' &&
      value !== null &&
      'type' in value &&
      KNOWN.has(value.type) &&
      'at' in value &&
      typeof value.at === 'string' &&
      !Number.isNaN(Date.parse(value.at));
    return isKnown ? (value as FollowedEvent) : null;
  } catch {
    return null;
  }
}

/** Between half of it and all of it, so that the terminals of a shop do not all come back at once. */
function pauseBefore(attempt: number): number {
  const longest = Math.min(RECONNECT_MAX_MS, RECONNECT_MIN_MS * 2 ** (attempt - 1));
  return longest * (0.5 + Math.random() / 2);
}

/** Waits that can be ended early, by whoever cannot wait. */
function pauses() {
  let end = () => {};
  return {
    wait: (ms: number): Promise<void> => {
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = Number.isFinite(ms) ? setTimeout(resolve, ms) : undefined;
      end = () => {
        clearTimeout(timer);
        resolve();
      };
      return promise;
    },
    end: (): void => end(),
  };
}
