import type { Room, View } from '../rooms/room.ts';

const NONE: readonly never[] = [];

const list: View<never> = {
  name: 'webhooks',
  title: 'Webhooks',
  rows: () => NONE,
  idOf: () => '',
  columns: NONE,
  fields: () => ({}),
  detail: () => NONE,
  copies: () => NONE,
  empty: () => 'Nothing yet.',
  sentence: () => '',
};

export const webhooksRoom: Room = {
  name: 'webhooks',
  title: 'Webhooks',
  views: [list],
  read: () => Promise.resolve(),
};
