/** The tabs, in their order. */

import { activityRoom } from '../activity/activity-room.ts';
import { holdsRoom } from '../holds/holds-room.ts';
import { ordersRoom } from '../orders/orders-room.ts';
import { salesRoom } from '../sales/sales-room.ts';
import type { State } from '../state/state.ts';
import { webhooksRoom } from '../webhooks/webhooks-room.ts';
import type { Room, View } from './room.ts';

export const ROOMS: readonly Room[] = [salesRoom, holdsRoom, ordersRoom, webhooksRoom, activityRoom];

export function roomOf(state: State): Room {
  return ROOMS.find(({ name }) => name === state.room) ?? salesRoom;
}

export function viewOf(state: State): View<unknown> {
  const { views } = roomOf(state);
  const view = views.find(({ name }) => name === state.views[state.room]) ?? views[0];
  if (view === undefined) throw new Error(`the room ${state.room} has no view`);
  return view;
}
