/** The inbox of webhooks, and its replays. */

import type { ReplayView } from '@flash-sale/shared/contracts/webhook.ts';
import type { Room } from '../rooms/room.ts';
import { inboxView } from './inbox-view.ts';
import { inbox, openDelivery, openReplay, readOnWhatIsOld, readWebhooks } from './reading.ts';
import { replaysView } from './replays-view.ts';
import { withEvents, type InboxRow } from './webhooks-slice.ts';

export const webhooksRoom: Room = {
  name: 'webhooks',
  title: 'Webhooks',
  views: [inboxView, replaysView],
  badge: ({ overview }) => waiting(overview?.deliveries_waiting ?? 0),
  read: readWebhooks,
  detailed(desk, row) {
    if (desk.store.get().views.webhooks === replaysView.name) void openReplay(desk, row as ReplayView);
    else void openDelivery(desk, row as InboxRow);
  },
  heard({ store }, events) {
    store.set((state) => {
      const webhooks = withEvents(state.webhooks, events);
      return webhooks === state.webhooks ? state : { ...state, webhooks };
    });
  },
  turn(desk) {
    readOnWhatIsOld(desk);
    inbox.turn(desk, inboxView);
  },
  stepMs: () => 1_000,
};

function waiting(deliveries: number): string {
  return deliveries === 0 ? '' : `${deliveries} waiting`;
}
