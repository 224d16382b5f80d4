import type { Desk } from '../desk.ts';
import { selectedRow } from '../list/shown-rows.ts';
import { roomOf, viewOf } from './rooms.ts';

/** Tells a room of which row it shows the details, for what is read only then. @returns ends it */
export function followDetails(desk: Desk): () => void {
  let latest: unknown;
  return desk.store.subscribe(() => {
    const state = desk.store.get();
    const isOpen = state.details[state.room] !== 'closed';
    const row = isOpen ? selectedRow(state, viewOf(state)) : undefined;
    if (row === latest) return;
    latest = row;
    if (row !== undefined) roomOf(state).detailed?.(desk, row);
  });
}
