/** What an operator can do about holds: give units back, give buyers time, look at another sale. */

import { HOLD_TTL_MAX_S } from '@flash-sale/shared/limits.ts';
import type { Action } from '../actions/action.ts';
import { changeEach } from '../actions/change-each.ts';
import { answerOf } from '../api.ts';
import type { Desk } from '../desk.ts';
import { chosenRows, whyNoneChosen } from '../list/shown-rows.ts';
import { count, counted, timeOfDay, wholeTimeLeft } from '../look/format.ts';
import { plain, type Line } from '../look/span.ts';
import { safe, shortId } from '../look/text.ts';
import { saleName, saleRows, stateOf, unitsOf } from '../sales/sale-row.ts';
import { listOf, withList, type State } from '../state/state.ts';
import type { HoldRow } from './hold-row.ts';
import { holdsView } from './holds-room.ts';
import { findHold } from './holds-slice.ts';
import { watchedSale } from './watched-sale.ts';

/** More than that at once is asked for by typing. */
const SEEN_AT_ONCE = 10;
const EXTENSIONS_S = [30, 60, 120];

const here = { place: 'holds' } as const;

export const HOLD_ACTIONS: readonly Action[] = [
  {
    ...here,
    id: 'hold.extend',
    keys: ['e'],
    title: 'Give the buyer more time; of all marked holds when there are marks',
    hint: 'extend',
    does: 'changes',
    takes: 'seconds',
    reason: whyNoneIsHeld,
    run: extend,
  },
  {
    ...here,
    id: 'hold.release',
    keys: ['X'],
    title: 'Release the hold: its units return to stock at once; all marked ones when there are marks',
    hint: 'release',
    does: 'changes',
    reason: whyNoneIsHeld,
    run: release,
  },
  {
    ...here,
    id: 'hold.sale',
    keys: ['w'],
    title: 'Which sale: shows the holds of another one',
    hint: 'which sale',
    does: 'looks',
    takes: 'the id of a sale',
    run: chooseSale,
  },
  {
    ...here,
    id: 'hold.buyer',
    keys: ['b'],
    title: 'Filter by this buyer; escape shows all again',
    does: 'looks',
    reason: (state) =>
      (chosen(state)[0]?.buyer ?? null) === null ? 'The storefront did not say who this buyer is.' : null,
    run: ({ store }) =>
      store.set((state) => {
        const buyer = chosen(state)[0]?.buyer ?? '';
        return withList(state, { ...listOf(state), filter: `buyer:"${buyer}"` });
      }),
  },
];

/** As they are now: what is frozen, or waits for its place, may be another one by then. */
function chosen(state: State): readonly HoldRow[] {
  return chosenRows(state, holdsView).map((row) => findHold(state.holds, row.id) ?? row);
}

function chosenHeld(state: State): readonly HoldRow[] {
  return chosen(state).filter((row) => row.state === 'held');
}

function whyNoneIsHeld(state: State): string | null {
  const gone = whyNoneChosen(state, holdsView);
  if (gone !== null) return gone;
  const rows = chosen(state);
  const [row] = rows;
  if (row === undefined) return 'No hold is selected. Holds appear here as buyers place them.';
  if (rows.some(({ state: its }) => its === 'held')) return null;
  if (rows.length > 1) return 'None of the marked holds is held any more. Escape clears the marks.';
  if (row.state === 'pinned') {
    return 'Its order is being written: it becomes an order or ends within seconds.';
  }
  return `This hold is over: it was ${row.state}.`;
}

function holdsOf(rows: readonly HoldRow[]) {
  return { rows, idOf: ({ id }: HoldRow) => id, noun: 'hold', list: 'holds.holds' };
}

async function release(desk: Desk): Promise<void> {
  const rows = chosenHeld(desk.store.get());
  const verb = `release ${count(rows.length)}`;
  const question = {
    title: `Release ${counted(rows.length, 'hold')}?`,
    lines: releaseLines(desk, rows),
    verb,
  };
  const sure = await desk.ask.withReason(
    rows.length <= SEEN_AT_ONCE ? question : { ...question, word: verb },
  );
  if (sure === null) return;
  await changeEach(desk, { ...holdsOf(rows), done: 'released' }, ({ id }) => ({
    what: `Release hold ${shortId(id)}`,
    reason: sure.reason,
    send: (headers) => answerOf(desk.api.holds({ id }).release.post(undefined, { headers })),
  }));
}

function releaseLines(desk: Desk, rows: readonly HoldRow[]): Line[] {
  const { nowMs } = desk.frame();
  const units = rows.reduce((sum, { quantity }) => sum + quantity, 0);
  const shown = rows.slice(0, SEEN_AT_ONCE).map(({ buyer, quantity, deadlineMs, id }): Line => {
    const left = wholeTimeLeft(deadlineMs - nowMs);
    const who = buyer === null ? shortId(id) : safe(buyer);
    return plain(`${who}: ${counted(quantity, 'unit')}, ${left} left`);
  });
  const more = rows.length - shown.length;
  const comeBack = units === 1 ? '1 unit returns' : `${count(units)} units return`;
  return [
    ...shown,
    ...(more > 0 ? [plain(`and ${count(more)} more`)] : []),
    [],
    plain(`${comeBack} to stock at once.`),
    plain("Nobody tells the buyer, who can't order any more what was held."),
  ];
}

async function extend(desk: Desk, words: string): Promise<void> {
  const rows = chosenHeld(desk.store.get());
  const typed = words === '' ? await askSeconds(desk, rows) : words.trim();
  if (typed === null) return;
  const fault = wrongSeconds(typed);
  if (fault !== null) {
    desk.say(`Nothing was done: ${fault}.`, 'warn');
    return;
  }
  const seconds = Number(typed);
  await changeEach(desk, { ...holdsOf(rows), done: 'extended' }, ({ id }) => ({
    what: `Extend hold ${shortId(id)} by ${seconds} s`,
    send: (headers) => answerOf(desk.api.holds({ id }).extend.post({ seconds }, { headers })),
  }));
}

async function askSeconds(desk: Desk, rows: readonly HoldRow[]): Promise<string | null> {
  const [row] = rows;
  const { nowMs } = desk.frame();
  const until = (seconds: number) => {
    if (row === undefined || rows.length > 1) return '';
    return `until ${timeOfDay(Math.max(row.deadlineMs, Math.min(row.deadlineMs + seconds * 1_000, nowMs + HOLD_TTL_MAX_S * 1_000)))}`;
  };
  const title =
    rows.length === 1
      ? `More time for ${safe(row?.buyer ?? 'this hold')}`
      : `More time for ${count(rows.length)} holds`;
  const picked = await desk.ask.choose({
    title,
    lines: [plain(`A hold never has more than ${HOLD_TTL_MAX_S} s from now on.`)],
    choices: [
      ...EXTENSIONS_S.map((seconds) => ({
        label: `${seconds} s`,
        hint: until(seconds),
        value: String(seconds),
      })),
      { label: 'other', hint: 'type how many seconds', value: '' },
    ],
  });
  if (picked !== '') return picked;
  const values = await desk.ask.form({
    title,
    verb: 'extend',
    fields: [{ name: 'seconds', label: 'Seconds', hint: `1 to ${HOLD_TTL_MAX_S}`, check: wrongSeconds }],
  });
  return values?.['seconds'] ?? null;
}

function wrongSeconds(text: string): string | null {
  const isRight = /^\d{1,3}$/.test(text) && Number(text) >= 1 && Number(text) <= HOLD_TTL_MAX_S;
  return isRight ? null : `seconds are a whole number from 1 to ${HOLD_TTL_MAX_S}`;
}

async function chooseSale(desk: Desk, words: string): Promise<void> {
  const state = desk.store.get();
  const rows = saleRows(state).filter((row) => stateOf(row) !== 'draft');
  if (rows.length === 0) {
    desk.say('There is no sale that could have holds: launch one on the board (1).', 'warn');
    return;
  }
  const now = watchedSale(state);
  const choices = rows.map((row) => ({
    label: safe(saleName(row)),
    hint: `${stateOf(row)}, ${count(unitsOf(row).held ?? 0)} held${row === now ? '; shown now' : ''}`,
    value: String(row.sale.id),
  }));
  const typed = words.replace('#', '').trim();
  const picked = typed === '' ? await desk.ask.choose({ title: 'Holds of which sale?', choices }) : typed;
  if (picked === null) return;
  if (!rows.some(({ sale }) => String(sale.id) === picked)) {
    desk.say(`There is no sale ${safe(picked)} that could have holds; w lists them.`, 'warn');
    return;
  }
  desk.store.set((before) => ({ ...before, saleId: Number(picked) }));
  desk.reload();
}
