/** Follows what happens until there is a reason to stop. */

import type { Settings } from '../config.ts';
import { followEvents, type FollowedEvent } from '../connection/events.ts';
import { safe } from '../look/text.ts';
import { EXIT } from './exit-codes.ts';

interface Follower {
  readonly settings: Settings;
  readonly say: (text: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Told what happened since it was told last: heartbeats too, and first of all that the link is ready. After a `ready` or
 * a `gap` what was known may be old.
 * @returns the exit code; null goes on
 */
type Ears = (events: readonly FollowedEvent[]) => Promise<number | null> | number | null;

/**
 * @param atMostEveryMs for ears that ask the API: however much happens, they are told no more often
 * @returns the exit code of the ears, or of what ended it
 * @throws what the ears throw
 */
export async function follow(
  { settings: { url, token }, say, signal }: Follower,
  hear: Ears,
  atMostEveryMs = 0,
): Promise<number> {
  let waiting: FollowedEvent[] = [];
  let wake = Promise.withResolvers<void>();
  let end: number | null = null;
  let hasBeenLive = false;
  const stop = (code: number) => {
    end ??= code;
    wake.resolve();
  };
  const following = followEvents({
    url,
    token,
    onEvent(event) {
      waiting.push(event);
      wake.resolve();
    },
    onState(state) {
      if (state.kind === 'refused') {
        say(safe(state.reason));
        stop(EXIT.auth);
      } else if (state.kind === 'live') hasBeenLive = true;
      else if (state.nextTryAtMs !== null) {
        say(`The link is down: ${safe(state.reason ?? '')}.${hasBeenLive ? ' Trying again.' : ''}`);
        // What never was there is no cut that passes.
        if (!hasBeenLive) stop(EXIT.unreachable);
      }
    },
    onUnknown(type, count) {
      if (count === 1) say(`The API tells of ${safe(type)}, which is not known here.`);
    },
  });
  signal.addEventListener('abort', () => stop(EXIT.interrupted), { once: true });
  if (signal.aborted) stop(EXIT.interrupted);
  try {
    while (end === null) {
      await wake.promise;
      wake = Promise.withResolvers<void>();
      const events = waiting;
      waiting = [];
      const code = events.length === 0 ? null : await hear(events);
      if (code !== null) return code;
      if (atMostEveryMs > 0) await Bun.sleep(atMostEveryMs);
    }
    return end;
  } finally {
    following.close();
  }
}
