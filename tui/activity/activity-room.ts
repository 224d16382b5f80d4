/** What was done: here, by all operators, and what the terminal said. */

import type { Room } from '../rooms/room.ts';
import { withActs } from './audit-slice.ts';
import { auditList, auditView } from './audit-view.ts';
import { logView, mineView } from './journal-views.ts';

export const activityRoom: Room = {
  name: 'activity',
  title: 'Activity',
  views: [mineView, auditView, logView],
  badge({ journal, audit }) {
    if (audit.checked?.intact === false) return '! BROKEN';
    const unknown = journal.entries.filter(({ state }) => state === 'unknown').length;
    return unknown === 0 ? '' : `${unknown} unknown`;
  },
  read: (desk) => auditList.read(desk),
  heard({ store }, events) {
    store.set((state) => {
      const audit = withActs(state.audit, events);
      return audit === state.audit ? state : { ...state, audit };
    });
  },
  turn: (desk) => auditList.turn(desk, auditView),
};
