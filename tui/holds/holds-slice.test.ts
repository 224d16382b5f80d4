import { describe, expect, test } from 'bun:test';
import type { AnyEvent, HoldChange } from '@flash-sale/shared/contracts/event.ts';
import type { ListedHold, ListedHoldState } from '@flash-sale/shared/contracts/operator-hold.ts';
import {
  GHOST_MS,
  GHOSTS_TOGETHER_MAX,
  HOLDS_SHOWN_MAX,
  REORDER_EVERY_MS,
} from '@flash-sale/shared/terminal-limits.ts';
import {
  beginRead,
  countHolds,
  endRead,
  failRead,
  findHold,
  hear,
  NO_HOLDS,
  readPage,
  settle,
  type HoldsSlice,
} from './holds-slice.ts';

const T = 1_800_000_000_000;
const LIST = {};

function event(change: HoldChange, hold_id: string, leftS = 60, sale_id = 1): AnyEvent {
  const expires_at = new Date(T + leftS * 1_000).toISOString();
  return { type: `hold.${change}`, sale_id, hold_id, quantity: 1, buyer_id: 'ann', expires_at, available: 0 };
}

function listed(hold_id: string, leftS = 60, state: ListedHoldState = 'held'): ListedHold {
  const expires_at = new Date(T + leftS * 1_000).toISOString();
  return { hold_id, state, quantity: 1, buyer_id: 'ann', expires_at, ended_at: null };
}

/** A book of sale 1 that was read at T. */
function read(...items: ListedHold[]): HoldsSlice {
  const seen = new Set(items.map(({ hold_id }) => hold_id));
  return endRead(readPage(beginRead(NO_HOLDS, 1), items, T), seen, false, T);
}

const shown = ({ rows }: HoldsSlice) => rows.map(({ id, state }) => `${id} ${state}`);
/** As after a long time in which nobody touched the list. */
const settled = (slice: HoldsSlice, atMs: number) =>
  settle({ ...slice, used: { list: LIST, atMs: 0 } }, LIST, false, atMs);

describe('a list that is read while events come', () => {
  test('is shown by deadline, pinned holds last', () => {
    expect(shown(read(listed('b', 20), listed('p', 5, 'pinned'), listed('a', 10)))).toEqual([
      'a held',
      'b held',
      'p pinned',
    ]);
  });

  test('does not bring back a hold that ended meanwhile, not even once its ghost is gone', () => {
    let slice = hear(beginRead(read(listed('a')), 1), [event('released', 'a'), event('expired', 'b')], T);
    slice = settled(slice, T + GHOST_MS);
    expect(shown(slice)).toEqual([]);
    slice = readPage(slice, [listed('a'), listed('b'), listed('c')], T + GHOST_MS);
    expect(shown(endRead(slice, new Set(['a', 'b', 'c']), false, T + GHOST_MS))).toEqual(['c held']);
  });

  test('keeps the later of two deadlines, and what was placed meanwhile', () => {
    let slice = hear(
      beginRead(read(listed('a', 30)), 1),
      [event('extended', 'a', 90), event('placed', 'new')],
      T,
    );
    slice = endRead(readPage(slice, [listed('a', 30)], T), new Set(['a']), false, T);
    expect(findHold(slice, 'a')?.deadlineMs).toBe(T + 90_000);
    expect(shown(slice)).toEqual(['new held', 'a held']);
    // The list was read after the event, and knows of one that is yet to be told.
    slice = hear(beginRead(slice, 1), [event('extended', 'a', 100)], T);
    slice = readPage(slice, [listed('a', 200)], T);
    expect(findHold(slice, 'a')?.deadlineMs).toBe(T + 200_000);
  });

  test('shows what it misses as gone, until an event tells what became of it', () => {
    const slice = endRead(beginRead(read(listed('a')), 1), new Set(), false, T);
    expect(shown(slice)).toEqual(['a gone']);
    expect(shown(hear(slice, [event('ordered', 'a')], T))).toEqual(['a ordered']);
    expect(shown(settled(slice, T + GHOST_MS))).toEqual([]);
  });

  test('brings back what Redis has again after a loss of data', () => {
    const slice = hear(read(listed('a')), [event('expired', 'a')], T);
    expect(shown(endRead(readPage(beginRead(slice, 1), [listed('a')], T), new Set(['a']), false, T))).toEqual(
      ['a held'],
    );
  });

  test('of another sale begins anew, and one that fails loses nothing', () => {
    const slice = read(listed('a'));
    expect(shown(beginRead(slice, 2))).toEqual([]);
    expect(shown(beginRead(slice, 1))).toEqual(['a held']);
    const failed = failRead(beginRead(slice, 1), 'Redis is away.');
    expect([shown(failed), failed.fault]).toEqual([['a held'], 'Redis is away.']);
  });
});

describe('events', () => {
  test('of other sales change nothing', () => {
    const slice = read(listed('a'));
    expect(hear(slice, [event('released', 'a', 60, 2), { type: 'heartbeat' }], T)).toBe(slice);
  });

  test('leave a hold that ended in its place with the word, once', () => {
    let slice = hear(read(listed('a', 10), listed('b', 20), listed('c', 30)), [event('expired', 'b')], T);
    expect(shown(slice)).toEqual(['a held', 'b expired', 'c held']);
    slice = hear(slice, [event('lost', 'b')], T);
    expect(shown(slice)).toEqual(['a held', 'b expired', 'c held']);
    expect(shown(settled(slice, T + GHOST_MS - 1))).toEqual(['a held', 'b expired', 'c held']);
    expect(shown(settled(slice, T + GHOST_MS))).toEqual(['a held', 'c held']);
  });

  test('tell of units taken for late payments', () => {
    expect(shown(settled(hear(read(), [event('taken', 't', 0)], T), T + 2_000))).toEqual(['t pinned']);
  });
});

describe('rows change places', () => {
  const fresh = hear(read(listed('a', 10)), [event('placed', 'b', 5), event('extended', 'a', 70)], T);

  test('at most once a second', () => {
    expect(shown(settled(fresh, T + REORDER_EVERY_MS - 1))).toEqual(['a held']);
    expect(shown(settled(fresh, T + REORDER_EVERY_MS))).toEqual(['b held', 'a held']);
  });

  test('not within a second of a move in the list', () => {
    const moved = settle(fresh, LIST, false, T + 5_000);
    expect(shown(moved)).toEqual(['a held']);
    expect(shown(settle(moved, LIST, false, T + 5_000 + REORDER_EVERY_MS - 1))).toEqual(['a held']);
    expect(shown(settle(moved, LIST, false, T + 5_000 + REORDER_EVERY_MS))).toEqual(['b held', 'a held']);
  });

  test('not while the list is frozen: what ends keeps its word', () => {
    const ended = hear(fresh, [event('ordered', 'a')], T);
    const later = settle({ ...ended, used: { list: LIST, atMs: 0 } }, LIST, true, T + 60_000);
    expect(shown(later)).toEqual(['a ordered']);
  });

  test('never without a reason', () => {
    const slice = settled(read(listed('a')), T + 5_000);
    expect(settled(slice, T + 9_000).rows).toBe(slice.rows);
  });
});

test('ghosts never crowd out what lives', () => {
  const ids = Array.from({ length: 40 }, (_, index) => `x${String(index).padStart(2, '0')}`);
  const slice = hear(
    read(...ids.map((id) => listed(id, 1)), listed('a', 30)),
    ids.map((id) => event('expired', id)),
    T,
  );
  const rows = shown(settled(slice, T + 1_500));
  expect(rows).toEqual([...ids.slice(-GHOSTS_TOGETHER_MAX).map((id) => `${id} expired`), 'a held']);
});

test('what is kept is bounded, and says so', () => {
  const many = Array.from({ length: HOLDS_SHOWN_MAX }, (_, index) => listed(String(index)));
  const slice = hear(read(...many), [event('placed', 'one too many')], T);
  expect([countHolds(slice), slice.isCut]).toEqual([HOLDS_SHOWN_MAX, true]);
});
