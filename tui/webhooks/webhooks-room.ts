/** The inbox of webhooks, and its replays. */

import type { Desk } from '../desk.ts';
import { selectedRow } from '../list/shown-rows.ts';
import type { Room } from '../rooms/room.ts';
import { inboxView } from './inbox-view.ts';
import { inbox, openDelivery, openReplay, readOnWhatIsOld, readWebhooks } from './reading.ts';
import { replaysView } from './replays-view.ts';
import { withEvents } from './webhooks-slice.ts';

export const webhooksRoom: Room = {
  name: 'webhooks',
  title: 'Webhooks',
  views: [inboxView, replaysView],
  badge: ({ overview }) => waiting(overview?.deliveries_waiting ?? 0),
  read: readWebhooks,
  detailed: openDetails,
  heard(desk, events) {
    desk.store.set((state) => {
      const webhooks = withEvents(state.webhooks, events);
      return webhooks === state.webhooks ? state : { ...state, webhooks };
    });
    openDetails(desk);
  },
  turn(desk) {
    readOnWhatIsOld(desk);
    inbox.turn(desk, inboxView);
    openDetails(desk);
  },
  stepMs: () => 1_000,
};

/** What is known of it already is read again only where it was marked as old. */
function openDetails(desk: Desk): void {
  const state = desk.store.get();
  if (state.room !== 'webhooks' || state.details.webhooks === 'closed') return;
  if (state.views.webhooks === replaysView.name) {
    const replay = selectedRow(state, replaysView);
    if (replay !== undefined) void openReplay(desk, replay);
  } else {
    const delivery = selectedRow(state, inboxView);
    if (delivery !== undefined) void openDelivery(desk, delivery);
  }
}

function waiting(deliveries: number): string {
  return deliveries === 0 ? '' : `${deliveries} waiting`;
}
