/** Changes of what was agreed: terms, units, window. */

import { REASON_EXPECTED, reasonOf } from '@flash-sale/shared/change-reason.ts';
import { ALLOTMENT_MAX } from '@flash-sale/shared/limits.ts';
import type { EditSale } from '@flash-sale/shared/contracts/sale.ts';
import type { SaleState } from '@flash-sale/shared/lifecycle.ts';
import type { Action } from '../actions/action.ts';
import { answerOf } from '../api.ts';
import type { Desk } from '../desk.ts';
import type { Field, Values } from '../dialogs/dialog.ts';
import { count, dateTime, timeLeft } from '../look/format.ts';
import { span, type Line } from '../look/span.ts';
import { safe } from '../look/text.ts';
import type { State } from '../state/state.ts';
import { selectedSale } from './board.ts';
import { readInstant } from './instants.ts';
import { instantFault, isWord, NEVER } from './sale-fields.ts';
import { changesOf, filled, termsFields, termsPreview, valuesOfSale } from './sale-form.ts';
import { limitFields, limitsOf, valuesOfLimits } from './sale-limits.ts';
import { saleName, saleRows, stateOf, unitsOf, type SaleRow } from './sale-row.ts';
import { NO_SALE } from './verb-actions.ts';

const ON: readonly SaleState[] = ['scheduled', 'live', 'paused'];

function whyNotIn(state: State, states: readonly SaleState[], otherwise: string): string | null {
  const row = selectedSale(state);
  if (row === undefined) return NO_SALE;
  return states.includes(stateOf(row)) ? null : `${saleName(row)} is ${stateOf(row)}: ${otherwise}`;
}

// ---- terms ----

async function edit(desk: Desk): Promise<void> {
  const row = selectedSale(desk.store.get());
  if (row === undefined) return;
  const body = stateOf(row) === 'draft' ? await askTerms(desk, row) : await askLimits(desk, row);
  if (body === null) return;
  if (Object.keys(body).length === 0) {
    desk.say('Nothing was changed.');
    return;
  }
  await desk.change({
    what: `Edit ${saleName(row)}`,
    send: (headers) => answerOf(desk.api.sales({ id: row.sale.id }).patch(body, { headers })),
  });
}

async function askTerms(desk: Desk, row: SaleRow): Promise<EditSale | null> {
  const now = () => desk.frame().nowMs;
  const before = valuesOfSale(row.sale, now());
  const values = await desk.ask.form({
    title: `Edit ${saleName(row)}`,
    verb: 'write it down',
    fields: filled(termsFields(now), before),
    preview: (said) => termsPreview(safe(row.sale.product_name), said, now()),
  });
  return values === null ? null : changesOf(row.sale, before, values, now());
}

/** Of a sale that is on: no promise depends on them. */
async function askLimits(desk: Desk, { sale }: SaleRow): Promise<EditSale | null> {
  const values = await desk.ask.form({
    title: `Limits of ${safe(sale.product_name)} #${sale.id}`,
    lines: [[span('The other terms stay: buyers hold by them. u changes units, w the window.', 'dim')]],
    verb: 'change them',
    fields: filled(limitFields, valuesOfLimits(sale)),
  });
  if (values === null) return null;
  const limits = Object.entries(limitsOf(values));
  return Object.fromEntries(limits.filter(([name, value]) => sale[name as keyof typeof sale] !== value));
}

// ---- units ----

async function changeUnits(desk: Desk): Promise<void> {
  const row = selectedSale(desk.store.get());
  if (row === undefined) return;
  // Buyers go on while it is typed.
  const now = () => saleRows(desk.store.get()).find(({ sale }) => sale.id === row.sale.id) ?? row;
  const values = await desk.ask.form({
    title: `Units of ${saleName(row)}`,
    verb: 'change the units',
    fields: [unitsField(now), REASON_FIELD],
    preview: ({ change = '' }) => unitsPreview(now(), Number(change)),
  });
  if (values === null) return;
  const change = Number(values['change']);
  await desk.change({
    what: `${change > 0 ? 'Add' : 'Take out'} ${count(Math.abs(change))} units of ${saleName(row)}`,
    reason: values['reason'] ?? '',
    send: (headers) => answerOf(desk.api.sales({ id: row.sale.id }).stock.post({ change }, { headers })),
  });
}

const REASON_FIELD: Field = {
  name: 'reason',
  label: 'Why',
  hint: 'may stay empty',
  check: (text) => (text === '' || reasonOf(text) !== undefined ? null : `must be ${REASON_EXPECTED}`),
};

function unitsField(now: () => SaleRow): Field {
  return {
    name: 'change',
    label: 'Change',
    hint: '+10 adds, -5 takes out what is available',
    check(text) {
      const { available, allotment } = unitsOf(now());
      if (!/^[+-]?\d+$/.test(text) || Number(text) === 0) return 'must be a whole number: +10 or -5';
      const after = allotment + Number(text);
      if (after > ALLOTMENT_MAX) return `a sale has at most ${count(ALLOTMENT_MAX)} units`;
      if (Number(text) >= -(available ?? 0)) return null;
      return `only ${count(available ?? 0)} are available: the others are promised`;
    },
  };
}

function unitsPreview(row: SaleRow, change: number): readonly Line[] {
  const { allotment, available } = unitsOf(row);
  const step = (before: number): Line => [
    span(count(before)),
    span(' → ', 'dim'),
    span(count(before + change), 'good', { bold: true }),
  ];
  return [
    [span('allotment  ', 'dim'), ...step(allotment)],
    [span('available  ', 'dim'), ...step(available ?? 0)],
  ];
}

// ---- window ----

async function changeWindow(desk: Desk): Promise<void> {
  const row = selectedSale(desk.store.get());
  if (row === undefined) return;
  const now = () => desk.frame().nowMs;
  const { sale } = row;
  const before = valuesOfSale(sale, now());
  const isAhead = Date.parse(sale.opens_at) > now();
  const fields = [...(isAhead ? [openingField(now)] : []), closingField(row, now)];
  const values = await desk.ask.form({
    title: `Window of ${saleName(row)}`,
    verb: 'change the window',
    fields: filled(fields, before),
    preview: (said) => windowPreview(row, said, now()),
  });
  if (values === null) return;
  const closes = closing(row, values['closes'] ?? '', now());
  const opens = isAhead
    ? readInstant(values['opens'] ?? '', { nowMs: now(), fromMs: Date.parse(sale.opens_at) })
    : null;
  const body = {
    ...(opens === null || values['opens'] === before['opens']
      ? {}
      : { opens_at: new Date(opens).toISOString() }),
    ...(closes === undefined || values['closes'] === before['closes']
      ? {}
      : { closes_at: closes === null ? null : new Date(closes).toISOString() }),
  };
  if (Object.keys(body).length === 0) {
    desk.say('Nothing was changed.');
    return;
  }
  await desk.change({
    what: `Change the window of ${saleName(row)}`,
    send: (headers) => answerOf(desk.api.sales({ id: sale.id }).window.post(body, { headers })),
  });
}

function openingField(now: () => number): Field {
  return {
    name: 'opens',
    label: 'Opens',
    hint: '18:00, in 2h, 2030-01-31 18:00',
    check: (text) =>
      instantFault(readInstant(text, { nowMs: now(), fromMs: now() }) ?? undefined, text, 'in 10m', now()),
  };
}

function closingField(row: SaleRow, now: () => number): Field {
  const after = row.sale.closes_at === null ? 'now' : 'the closing so far';
  return {
    name: 'closes',
    label: 'Closes',
    hint: `20:00, in 2h, +10m after ${after}, never`,
    check: (text) => instantFault(closing(row, text, now()), text, NEVER, now()),
  };
}

/** Null: never. Undefined: not understood. */
function closing({ sale }: SaleRow, text: string, nowMs: number): number | null | undefined {
  if (isWord(text, NEVER)) return null;
  const fromMs = sale.closes_at === null ? nowMs : Date.parse(sale.closes_at);
  return readInstant(text, { nowMs, fromMs }) ?? undefined;
}

function windowPreview(row: SaleRow, values: Values, nowMs: number): readonly Line[] {
  const closes = closing(row, values['closes'] ?? '', nowMs);
  if (closes === undefined) return [];
  if (closes === null) return [[span('Stays open until somebody ends it.')]];
  return [[span(`Closes ${dateTime(closes)}, in ${timeLeft(closes - nowMs)}.`)]];
}

const here = { place: 'sales', does: 'changes' } as const;

export const CHANGE_ACTIONS: readonly Action[] = [
  {
    ...here,
    id: 'sale.edit',
    keys: ['E'],
    title: 'Edit the draft, or the limits of a sale that is on',
    hint: 'edit',
    reason: (state) => whyNotIn(state, ['draft', ...ON], 'its terms stay as they are.'),
    run: edit,
  },
  {
    ...here,
    id: 'sale.units',
    keys: ['u', '+'],
    title: 'Add units, or take out what nobody was promised',
    hint: 'units',
    reason: (state) =>
      whyNotIn(state, ON, 'units change while it is scheduled, live or paused. E edits a draft.'),
    run: changeUnits,
  },
  {
    ...here,
    id: 'sale.window',
    keys: ['w'],
    title: 'Extend or shorten the window',
    hint: 'window',
    reason: (state) => whyNotIn(state, ON, 'it has no window to change. E edits a draft.'),
    run: changeWindow,
  },
];
