import { expect, test } from 'bun:test';
import type { SaleOverview } from '@flash-sale/shared/contracts/overview.ts';
import type { OperatedSale } from '@flash-sale/shared/contracts/sale.ts';
import { lineWidth, textOf } from '../look/span.ts';
import { limitsOf } from './sale-limits.ts';
import { slugOf, type SaleRow } from './sale-row.ts';
import { unitsBar, unitsSum, unitsTable } from './sale-units.ts';
import { alarmWords, clockWords, stateWord, stockWords } from './sale-words.ts';

const UNITS = { available: 30, held: 20, ordered: 10, paid: 40, returning: 0 };

function row(sale: Partial<OperatedSale> = {}): SaleRow {
  return {
    sale: {
      id: 7,
      product_id: 1,
      product_name: 'iPhone 15',
      state: 'live',
      possible: [],
      allotment: 100,
      units: UNITS,
      price: 599,
      currency: 'USD',
      opens_at: '2026-11-27T10:00:00.000Z',
      closes_at: null,
      ended_at: null,
      hold_ttl: 120,
      pay_window: 300,
      ...limitsOf({}),
      armed: true,
      epoch: 1,
      created_at: '2026-11-27T09:00:00.000Z',
      ...sale,
    },
    seen: null,
    held: [],
  };
}

test('the bar and the sums add up to the allotment', () => {
  expect(textOf(unitsBar(row(), 10))).toBe('████▓▒▒░░░');
  expect(textOf(unitsSum(row(), 80))).toBe('█ 40 paid + ▓ 10 ordered + ▒ 20 held + ░ 30 available = 100');
  expect(textOf(unitsSum(row(), 54))).toBe('█ 40 paid + ▓ 10 ordered + ▒ 20 held + ░ 30 left = 100');
  expect(textOf(unitsSum(row(), 40))).toBe('█ 40 + ▓ 10 + ▒ 20 + ░ 30 = 100');
  expect(unitsTable(row()).map(textOf).at(-1)).toEndWith('100  ✓ adds up');
});

test('units that do not add up are the only red, and are counted', () => {
  const off = row({ units: { ...UNITS, available: 28 } });
  expect(alarmWords(off)).toEqual([
    expect.objectContaining({ text: '! -2 units do not add up', tone: 'alarm' }),
  ]);
  expect(unitsTable(off).map(textOf).at(-1)).toEndWith('! off by -2');
  const oversold = row({ units: { ...UNITS, available: 0, held: 0, paid: 95 } });
  expect(textOf(alarmWords(oversold))).toStartWith('! OVERSOLD by 5');
  for (const calm of [row(), row({ state: 'draft' }), row({ state: 'ended' }), row({ state: 'halted' })]) {
    expect(alarmWords(calm)).toEqual([]);
  }
});

test('books that are wrong are an alarm although every unit is there', () => {
  const seen = (audit: SaleOverview['audit']): SaleRow => ({
    ...row(),
    seen: {
      sale_id: 7,
      product_id: 1,
      name: 'iPhone 15',
      state: 'live',
      opens_at: '2026-11-27T10:00:00.000Z',
      closes_at: null,
      armed: true,
      units: { allotment: 100, ...UNITS },
      sell_through: 0.5,
      oldest_hold_expires_at: null,
      rates: null,
      sold_out_in_seconds: null,
      audit,
    },
  });
  const at = '2026-11-27T10:00:05.000Z';
  expect(alarmWords(seen({ at, is_right: true, drift: 0 }))).toEqual([]);
  const wrong = alarmWords(seen({ at, is_right: false, drift: 0 }));
  expect(wrong).toEqual([expect.objectContaining({ text: '! the books do not add up', tone: 'alarm' })]);
  expect(textOf(alarmWords(seen({ at, is_right: false, drift: 3 })))).toStartWith('! DRIFT of 3 units');
});

test('while Redis cannot tell, what is not known is drawn as not known', () => {
  const unknown = row({ units: { ...UNITS, available: null, held: null } });
  expect(textOf(unitsBar(unknown, 10))).toBe('████▓·····');
  expect(textOf(unitsSum(unknown, 80))).toContain('▒ ? held + ░ ? available = 100');
  expect(alarmWords(unknown)).toEqual([]);
  expect(unitsTable(unknown).map(textOf).at(-1)).toContain('unknown');
});

test('every width is kept to the cell', () => {
  for (let width = 4; width < 120; width += 7) expect(lineWidth(unitsBar(row(), width))).toBe(width);
});

test('sold out is said as the success it is, all held as what it is', () => {
  const soldOut = row({ units: { ...UNITS, available: 0, held: 0, paid: 90 } });
  expect(stateWord(soldOut)).toMatchObject({ text: '✓ sold out', tone: 'paid' });
  const paused = { ...soldOut, sale: { ...soldOut.sale, state: 'paused' as const } };
  expect([stateWord(paused).text, textOf(stockWords(paused))]).toEqual(['paused', '✓ sold out']);
  expect(textOf(stockWords(row({ units: { ...UNITS, available: 0, held: 50 } })))).toBe('all held');
});

test('the clock says what comes next', () => {
  const nowMs = Date.parse('2026-11-27T09:59:00Z');
  const said = (sale: Partial<OperatedSale>, atMs = nowMs) => textOf(clockWords(row(sale), atMs));
  expect(said({ state: 'scheduled' })).toBe('opens in 1:00');
  expect(said({}, nowMs + 90_000)).toBe('open until ended');
  expect(said({ closes_at: '2026-11-27T11:00:00.000Z' }, nowMs + 60_000)).toBe('closes in 1:00:00');
  expect(said({ state: 'draining' })).toBe('ends when 30 are settled');
  expect(said({ state: 'ended', ended_at: '2026-11-27T09:56:00.000Z' })).toBe('ended 3 min ago');
});

test('a sale is called by a name that any keyboard has', () => {
  const called = (product_name: string) => slugOf(row({ product_name }).sale);
  expect(called('iPhone 15')).toBe('iphone-15-7');
  expect(called('  Café crème, 2 kg! ')).toBe('cafe-creme-2-kg-7');
  expect(called('日本茶')).toBe('sale-7');
  expect(called('iPhone 15 Pro Max – Flash Sale Edition')).toBe('iphone-15-pro-max-flash-7');
});
