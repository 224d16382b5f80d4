/** What a listener and whoever stops it tell each other. */
export interface Door {
  /** From now on each answer closes its connection, so that whoever asks next asks another process. */
  isClosing: boolean;
  /** When somebody came last, by `performance.now()`. */
  lastRequestAtMs: number;
}

export function openDoor(): Door {
  return { isClosing: false, lastRequestAtMs: Number.NEGATIVE_INFINITY };
}
