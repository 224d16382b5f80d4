/** The state, and who wants to know when it is another one. Synchronous: the next key sees what this one did. */

import type { State } from './state.ts';

export interface Store {
  get(): State;
  set(change: (state: State) => State): void;
  /** @returns ends the subscription */
  subscribe(listener: () => void): () => void;
}

export function createStore(initial: State): Store {
  let state = initial;
  const listeners = new Set<() => void>();
  return {
    get: () => state,
    set(change) {
      const next = change(state);
      if (next === state) return;
      state = next;
      for (const listener of listeners) listener();
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
