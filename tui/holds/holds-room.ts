import type { Room, View } from '../rooms/room.ts';

const NONE: readonly never[] = [];

const list: View<never> = {
  name: 'holds',
  title: 'Holds',
  rows: () => NONE,
  idOf: () => '',
  columns: NONE,
  fields: () => ({}),
  detail: () => NONE,
  copies: () => NONE,
  empty: () => 'Nothing yet.',
  sentence: () => '',
};

export const holdsRoom: Room = {
  name: 'holds',
  title: 'Holds',
  views: [list],
  read: () => Promise.resolve(),
};
