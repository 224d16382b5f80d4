import { expect, test } from 'bun:test';
import { createStore, type Store } from '../state/store.ts';
import { initialState } from '../state/initial-state.ts';
import { latestRead } from './latest-read.ts';

const context = { name: 'test', url: '', color: null, isReadOnly: false, ownsStack: false };
const newStore = (): Store =>
  createStore(initialState({ context, columns: 80, rows: 24, isReducedMotion: false, isLinear: false }));

test('of reads that overlap the last one knows, in each terminal and of each kind', () => {
  const [here, there] = [newStore(), newStore()];
  const [beginOrders, beginSales] = [latestRead(), latestRead()];
  const first = beginOrders(here);
  expect(first()).toBe(true);
  const second = beginOrders(here);
  const elsewhere = [beginOrders(there), beginSales(here)];
  expect([first(), second()]).toEqual([false, true]);
  expect(elsewhere.map((isLatest) => isLatest())).toEqual([true, true]);
});
