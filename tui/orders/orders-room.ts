import type { Room, View } from '../rooms/room.ts';

const NONE: readonly never[] = [];

const list: View<never> = {
  name: 'orders',
  title: 'Orders',
  rows: () => NONE,
  idOf: () => '',
  columns: NONE,
  fields: () => ({}),
  detail: () => NONE,
  copies: () => NONE,
  empty: () => 'Nothing yet.',
  sentence: () => '',
};

export const ordersRoom: Room = {
  name: 'orders',
  title: 'Orders',
  views: [list],
  read: () => Promise.resolve(),
};
