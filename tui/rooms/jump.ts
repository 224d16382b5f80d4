import type { Desk } from '../desk.ts';
import { NEW_LIST } from '../list/list-state.ts';
import { withList, withRoom, type RoomName, type State } from '../state/state.ts';
import { ROOMS } from './rooms.ts';

interface Jump {
  readonly room: RoomName;
  /** Its first view when absent. */
  readonly view?: string;
  readonly filter: string;
  /** The sale to look at, where the room shows one at a time. */
  readonly saleId?: number;
}

/** To what belongs to a row, in another tab: a filter finds it, and `-` comes back. */
export function jump(desk: Desk, { room, view, filter, saleId }: Jump): void {
  const shown = view ?? ROOMS.find(({ name }) => name === room)?.views[0]?.name ?? '';
  desk.store.set((state) => {
    const there: State = {
      ...withRoom(state, room),
      views: { ...state.views, [room]: shown },
      saleId: saleId ?? state.saleId,
    };
    return withList(there, { ...NEW_LIST, filter });
  });
  desk.reload();
}
