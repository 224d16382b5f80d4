/** Launch and schedule: a look at everything, the name typed, and a last moment to say no. */

import { LAUNCH_COUNTDOWN_MS } from '@flash-sale/shared/terminal-limits.ts';
import type { Action } from '../actions/action.ts';
import { answerOf } from '../api.ts';
import type { Desk } from '../desk.ts';
import { counted, dateTime, money, timeLeft } from '../look/format.ts';
import { span, type Line } from '../look/span.ts';
import { safe } from '../look/text.ts';
import { selectedSale } from './board.ts';
import { preflight, preflightLines } from './preflight.ts';
import { saleName, slugOf, type SaleRow } from './sale-row.ts';
import { haveSameTerms } from './sale-terms.ts';
import { sendVerb, whyNotVerb } from './verb-actions.ts';

async function launch(desk: Desk): Promise<void> {
  const row = selectedSale(desk.store.get());
  if (row === undefined || !(await isSure(desk, row, 'launch'))) return;
  const isGo = await desk.ask.countdown({
    title: `Launching ${saleName(row)}`,
    lines: [offer(row)],
    verb: 'launch',
    ms: LAUNCH_COUNTDOWN_MS,
  });
  if (isGo) await sendAsShown(desk, row, 'launch');
  else desk.say(`The launch of ${saleName(row)} was stopped: nothing was done.`);
}

async function schedule(desk: Desk): Promise<void> {
  const row = selectedSale(desk.store.get());
  if (row !== undefined && (await isSure(desk, row, 'schedule'))) {
    await sendAsShown(desk, row, 'schedule');
  }
}

/** As it was when somebody said yes. */
async function sendAsShown(desk: Desk, row: SaleRow, verb: 'launch' | 'schedule'): Promise<void> {
  const now = await answerOf(desk.api.sales({ id: row.sale.id }).get());
  if (!now.ok) {
    desk.say(`Nothing was done: ${saleName(row)} could not be looked at again. ${now.message}`, 'warn');
    return;
  }
  if (haveSameTerms(now.data, row.sale)) await sendVerb(desk, row, verb);
  else desk.say(`${saleName(row)} was edited meanwhile: nothing was done. Look at it again.`, 'warn');
}

function isSure(desk: Desk, row: SaleRow, verb: 'launch' | 'schedule'): Promise<boolean> {
  const frame = desk.frame();
  return desk.ask.typed({
    title: `${verb === 'launch' ? 'Launch' : 'Schedule'} ${saleName(row)}?`,
    lines: [offer(row), whatHappens(row, verb, frame.nowMs), [], ...preflightLines(preflight(frame, row))],
    verb: `${verb} it`,
    word: slugOf(row.sale),
  });
}

/** What buyers get. */
function offer({ sale }: SaleRow): Line {
  return [
    span(`${counted(sale.allotment, 'unit')} of ${safe(sale.product_name)}`, undefined, { bold: true }),
    span(` at ${money(sale.price, sale.currency)}`),
  ];
}

function whatHappens({ sale }: SaleRow, verb: 'launch' | 'schedule', nowMs: number): Line {
  const aheadMs = Date.parse(sale.opens_at) - nowMs;
  const closes =
    sale.closes_at === null ? 'closes when it is ended' : `closes ${dateTime(Date.parse(sale.closes_at))}`;
  if (verb === 'launch') {
    const early = aheadMs > 0 ? `, ${timeLeft(aheadMs)} before its time` : '';
    return [span(`Sells at once${early}, and ${closes}.`)];
  }
  const opens =
    aheadMs > 0
      ? `opens by itself ${dateTime(Date.parse(sale.opens_at))}, in ${timeLeft(aheadMs)}`
      : 'opens at once: its time has come';
  return [span(`It ${opens}, and ${closes}.`)];
}

export const LAUNCH_ACTIONS: readonly Action[] = [
  {
    id: 'sale.launch',
    keys: ['l'],
    place: 'sales',
    does: 'changes',
    title: 'Launch the sale now, after a look at everything',
    hint: 'launch',
    reason: (state) => whyNotVerb(state, 'launch'),
    run: launch,
  },
  {
    id: 'sale.schedule',
    keys: ['t'],
    place: 'sales',
    does: 'changes',
    title: 'Let the draft open by itself at its time',
    hint: 'schedule',
    reason: (state) => whyNotVerb(state, 'schedule'),
    run: schedule,
  },
];
