/** The stream of events: whether it begins, goes on and is on time. It tells Redis' time too. */

import { EVENTS_HEARTBEAT_MS } from '@flash-sale/shared/limits.ts';
import { EVENT_LATE_MS, STREAM_READY_MAX_MS } from '@flash-sale/shared/terminal-limits.ts';
import { followEvents } from '../connection/events.ts';
import { serverClock } from '../connection/server-clock.ts';
import { count } from '../look/format.ts';
import { safe } from '../look/text.ts';
import { no, ok, warn, type Check } from './check.ts';

interface Place {
  readonly url: string;
  readonly token: string;
  /** This machine's clock. */
  readonly now?: () => number;
}

interface Heard {
  /** From the request to the first word; null: it did not come. */
  readonly readyAfterMs: number | null;
  /** The first event after that, a heartbeat where nothing happens; null: none came. */
  readonly next: { readonly afterMs: number; readonly ageMs: number } | null;
  /** How far this machine's clock is ahead of Redis', and within what that is known. */
  readonly aheadMs: { readonly by: number; readonly within: number } | null;
  /** Why the stream ended before; null: it did not. */
  readonly fault: string | null;
}

export async function streamChecks(place: Place): Promise<Check[]> {
  return checksOf(await listenOnce(place));
}

const HELD_BACK =
  'let nothing in between hold events back or cut them: a proxy buffers (nginx: proxy_buffering off)';

function checksOf({ readyAfterMs, next, aheadMs, fault }: Heard): Check[] {
  const told = fault === null ? '' : `: ${safe(fault)}`;
  if (readyAfterMs === null) {
    return [
      no('events', `the stream does not begin within ${STREAM_READY_MAX_MS / 1_000} s${told}`, HELD_BACK),
    ];
  }
  return [
    ok('events', `the stream begins in ${count(Math.round(readyAfterMs))} ms`),
    next === null
      ? no('heartbeat', fault === null ? 'none came' : `none came${told}`, HELD_BACK)
      : next.ageMs > EVENT_LATE_MS
        ? warn('heartbeat', `what happens arrives ${count(Math.round(next.ageMs))} ms late`, HELD_BACK)
        : ok(
            'heartbeat',
            `after ${(next.afterMs / 1_000).toFixed(1)} s, ${Math.max(0, Math.round(next.ageMs))} ms old`,
          ),
    ...(aheadMs === null ? [] : [ownClock(aheadMs)]),
  ];
}

function ownClock({ by, within }: { by: number; within: number }): Check {
  const how = `${count(Math.round(Math.abs(by)))} ms ${by < 0 ? 'behind' : 'ahead of'} Redis, give or take ${count(Math.ceil(within))} ms`;
  return Math.abs(by) - within <= OWN_CLOCK_OFF_MS
    ? ok('own clock', how)
    : warn(
        'own clock',
        how,
        'let NTP set the clock of this machine: times of day are told by it, and webhooks are signed with it',
      );
}

/** Times of day are read to the second. */
const OWN_CLOCK_OFF_MS = 1_000;

function listenOnce({ url, token, now = Date.now }: Place): Promise<Heard> {
  const { promise, resolve } = Promise.withResolvers<Heard>();
  const clock = serverClock();
  const sentMs = performance.now();
  let readyAtMs: number | null = null;
  let aheadMs: Heard['aheadMs'] = null;
  const end = (more: Partial<Heard>) => {
    const readyAfterMs = readyAtMs === null ? null : readyAtMs - sentMs;
    resolve({ readyAfterMs, next: null, aheadMs, fault: null, ...more });
  };
  let timer = setTimeout(() => end({}), STREAM_READY_MAX_MS);
  const following = followEvents({
    url,
    token,
    onEvent({ type, at }) {
      const receivedMs = performance.now();
      const atMs = Date.parse(at);
      if (type === 'ready') {
        readyAtMs = receivedMs;
        clock.asked({ serverMs: atMs, sentMs, receivedMs });
        const within = clock.uncertaintyMs();
        aheadMs = { by: now() - (clock.serverNow(receivedMs) ?? atMs), within };
        clearTimeout(timer);
        timer = setTimeout(() => end({}), EVENTS_HEARTBEAT_MS + STREAM_READY_MAX_MS);
      } else if (readyAtMs !== null) {
        const ageMs = (clock.serverNow(receivedMs) ?? atMs) - atMs;
        end({ next: { afterMs: receivedMs - readyAtMs, ageMs } });
      }
    },
    onState(state) {
      if (state.kind === 'live') return;
      if (state.reason !== null) end({ fault: state.reason });
    },
    onUnknown() {},
  });
  return promise.finally(() => {
    clearTimeout(timer);
    following.close();
  });
}
