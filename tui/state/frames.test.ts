import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { until } from '@flash-sale/api/test/until.ts';
import { createFrames, type Frame, type Frames } from './frames.ts';
import { initialState } from './initial-state.ts';
import { createStore, type Store } from './store.ts';

const context = { name: 'test', url: '', color: null, isReadOnly: false, ownsStack: false };
const START = initialState({ context, columns: 80, rows: 24, isReducedMotion: false, isLinear: false });

let store: Store;
let frames: Frames;
let drawn: Frame[];

function draw(perSecond: number, stepMs: (frame: Frame) => number | null = () => null): void {
  store = createStore(START);
  frames = createFrames(store, { perSecond, now: () => 42, stepMs });
  drawn = [];
  frames.subscribe(() => drawn.push(frames.get()));
}
const change = () => store.set((state) => ({ ...state, detailTop: state.detailTop + 1 }));
/** Until that much time has passed, with something done all the while. */
const during = (ms: number, work: () => void) => {
  const endMs = performance.now() + ms;
  return until(() => {
    work();
    return performance.now() > endMs;
  });
};

beforeEach(() => draw(20));
afterEach(() => frames.stop());

describe('the screen is drawn', () => {
  test('some times a second, however many changes there are, and the last of them is on it', async () => {
    await during(500, () => {
      for (let times = 0; times < 50; times += 1) change();
    });
    // Ten intervals of 50 ms, and what the first and the last are cut by.
    expect(drawn.length).toBeGreaterThanOrEqual(4);
    expect(drawn.length).toBeLessThanOrEqual(11);
    await until(() => drawn.at(-1)?.state === store.get());
  });

  test('at once when somebody pressed a key', () => {
    change();
    frames.flush();
    expect(drawn).toHaveLength(1);
    expect(drawn[0]).toMatchObject({ state: store.get(), nowMs: 42 });
  });

  test('not at all while nothing changes', async () => {
    store.set((state) => state);
    await during(200, () => {});
    expect(drawn).toHaveLength(0);
    change();
    await until(() => drawn.length === 1);
    await during(200, () => {});
    expect(drawn).toHaveLength(1);
  });

  test('as often as something on it moves by itself, from the first look on', async () => {
    frames.stop();
    draw(20, ({ state }) => (state.detailTop > 2 ? null : 60));
    frames.flush();
    await until(() => drawn.length >= 4);
    const [first, second] = drawn;
    expect((second?.localMs ?? 0) - (first?.localMs ?? 0)).toBeGreaterThan(55);
    for (let times = 0; times < 3; times += 1) change();
    await until(() => drawn.at(-1)?.state.detailTop === 3);
    const { length } = drawn;
    await during(200, () => {});
    expect(drawn).toHaveLength(length);
  });

  test('never faster than it may, though something would move faster', async () => {
    frames.stop();
    draw(10, () => 1);
    frames.flush();
    await during(500, () => {});
    expect(drawn.length).toBeLessThanOrEqual(6);
  });

  test('no more once it is stopped', async () => {
    change();
    frames.stop();
    await during(150, change);
    expect(drawn).toHaveLength(0);
  });
});
