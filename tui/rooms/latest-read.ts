/** Reads that overlap: only the one that began last knows. */

import type { Store } from '../state/store.ts';

/** Begins a read. @returns whether none began after it */
export type BeginRead = (store: Store) => () => boolean;

/** For one kind of read. */
export function latestRead(): BeginRead {
  const begun = new WeakMap<Store, symbol>();
  return (store) => {
    const mine = Symbol('read');
    begun.set(store, mine);
    return () => begun.get(store) === mine;
  };
}
