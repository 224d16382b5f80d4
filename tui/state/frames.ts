/**
 * When the screen is drawn. What happens outside is drawn some times a second, however much happens; a key is drawn at
 * once; and while something on the screen moves by itself, as often as it moves.
 */

import type { State } from './state.ts';
import type { Store } from './store.ts';

export interface Frame {
  readonly state: State;
  /** The clock that decides about holds: Redis'. Stands still while nothing is heard. */
  readonly nowMs: number;
  /** `performance.now()` of this machine, for what is the terminal's own. */
  readonly localMs: number;
}

export interface Frames {
  /** The one that was drawn last. */
  readonly get: () => Frame;
  /** This very moment, drawn or not. */
  readonly look: () => Frame;
  readonly subscribe: (listener: () => void) => () => void;
  /** Draws now: somebody pressed a key. */
  readonly flush: () => void;
  readonly stop: () => void;
}

interface FramesOptions {
  readonly perSecond: number;
  /** Server time. */
  readonly now: () => number;
  /** After how long the frame would look different although nothing happened; null: never. */
  readonly stepMs: (frame: Frame) => number | null;
}

export function createFrames(store: Store, { perSecond, now, stepMs }: FramesOptions): Frames {
  const listeners = new Set<() => void>();
  const frameMs = 1_000 / perSecond;
  const look = (): Frame => ({ state: store.get(), nowMs: now(), localMs: performance.now() });
  let frame = look();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let dueAtMs = Number.POSITIVE_INFINITY;

  const drawBy = (atMs: number) => {
    if (atMs >= dueAtMs) return;
    clearTimeout(timer);
    dueAtMs = atMs;
    timer = setTimeout(flush, Math.max(0, atMs - performance.now()));
  };
  const flush = () => {
    clearTimeout(timer);
    dueAtMs = Number.POSITIVE_INFINITY;
    frame = look();
    for (const listener of listeners) listener();
    const step = stepMs(frame);
    if (step !== null) drawBy(frame.localMs + Math.max(step, frameMs));
  };
  const unsubscribe = store.subscribe(() => drawBy(frame.localMs + frameMs));
  return {
    get: () => frame,
    look,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    flush,
    stop() {
      unsubscribe();
      clearTimeout(timer);
    },
  };
}
