import type { Room, View } from '../rooms/room.ts';

const NONE: readonly never[] = [];

const list: View<never> = {
  name: 'activity',
  title: 'Activity',
  rows: () => NONE,
  idOf: () => '',
  columns: NONE,
  fields: () => ({}),
  detail: () => NONE,
  copies: () => NONE,
  empty: () => 'Nothing yet.',
  sentence: () => '',
};

export const activityRoom: Room = {
  name: 'activity',
  title: 'Activity',
  views: [list],
  read: () => Promise.resolve(),
};
