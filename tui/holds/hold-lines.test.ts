import { expect, test } from 'bun:test';
import { layColumns, rowLine } from '../list/columns.ts';
import { textOf } from '../look/span.ts';
import { initialState } from '../state/initial-state.ts';
import type { Frame } from '../state/frames.ts';
import { HOLD_COLUMNS } from './hold-columns.ts';
import { dueOf, lanesAbove, livingOf } from './hold-lanes.ts';
import type { HoldRow } from './hold-row.ts';
import { NO_HOLDS, type HoldsSlice } from './holds-slice.ts';
import { stepOf } from './time-left.ts';

const T = 1_800_000_000_000;
const ID = '00000001-2b57-8e56-9142-cd2a79151116';

function hold(leftMs: number, more: Partial<HoldRow> = {}): HoldRow {
  const deadlineMs = T + leftMs;
  return {
    id: ID,
    buyer: 'ann',
    quantity: 2,
    deadlineMs,
    state: 'held',
    endedAtMs: null,
    heardIn: 0,
    ...more,
  };
}

function frameOf(rows: readonly HoldRow[], more: Partial<HoldsSlice> = {}, isReducedMotion = false): Frame {
  const context = { name: 'test', url: '', color: null, isReadOnly: false, ownsStack: false };
  const start = initialState({ context, columns: 80, rows: 24, isReducedMotion, isLinear: false });
  const holds = { ...NO_HOLDS, saleId: 1, isRead: true, rows, ...more };
  return { state: { ...start, holds }, nowMs: T, localMs: 0 };
}

function drawn(row: HoldRow, frame = frameOf([row]), width = 77): string {
  return textOf(rowLine(layColumns(HOLD_COLUMNS, width), row, frame)).trimEnd();
}

test('a row says who has what, and how long', () => {
  expect(drawn(hold(65_000))).toMatch(/^…-?cd2a79151116 +ann +2 {4}held +1:05 +█+/);
  expect(drawn(hold(65_000), undefined, 197)).toStartWith(ID);
  expect(drawn(hold(4_210))).toMatch(/▼ expiring +4\.3 s +\S$/);
  expect(drawn(hold(-1_500))).toMatch(/over/);
  expect(drawn(hold(0, { state: 'pinned' }))).toMatch(/2 {4}pinned +-$/);
  expect(drawn(hold(5_000, { state: 'released', endedAtMs: T }))).toMatch(/2 {2}× released$/);
  expect(drawn(hold(65_000, { buyer: '\x1b[31mred' }))).toContain('  red  ');
});

test('tenths of seconds are for what an eye can follow, and for who does not mind motion', () => {
  const soon = hold(4_210);
  const calm = frameOf([soon]);
  const crowd = frameOf(Array.from({ length: 30 }, () => soon));
  const still = frameOf([soon], {}, true);
  expect([calm, crowd, still].map(stepOf)).toEqual([100, 1_000, 1_000]);
  expect(drawn(soon, crowd)).toContain(' 0:05 ');
  expect(drawn(soon, still)).toContain(' 0:05 ');
  expect(stepOf(frameOf([hold(20_000)]))).toBe(1_000);
});

test('the lanes count what lives and what comes back when', () => {
  const rows = [
    hold(200, { state: 'expired', endedAtMs: T }),
    hold(500),
    hold(2_500),
    hold(29_000),
    hold(60_000),
    hold(0, { state: 'pinned' }),
  ];
  expect(livingOf(rows)).toEqual({ held: 4, heldUnits: 8, pinned: 1 });
  const { expiring, expiringUnits, ahead } = dueOf(rows, T);
  expect([expiring, expiringUnits]).toEqual([2, 4]);
  expect([ahead[0], ahead[1], ahead[2], ahead[29]]).toEqual([2, 0, 2, 2]);
});

test('without a sale there is nothing above the list', () => {
  expect(lanesAbove(frameOf([]), 80)).toEqual([]);
});
