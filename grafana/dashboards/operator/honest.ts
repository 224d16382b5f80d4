/** Whether what buyers are promised exists: red here means that it may not. */

import { ARMED_SALE_STATES } from '@flash-sale/shared/lifecycle.ts';
import type { Row } from '../board.ts';
import { BAD, GOOD, LOOK, NEITHER, SOLD, UNDER_WAY } from '../palette.ts';
import { NO_FIGURE, noneOr, NOT_KNOWN, stat } from '../panels.ts';
import { ofSales, orZero, units } from '../queries.ts';

/** 1: every sum is right. 0: one is wrong. Between: a sale that should sell was not counted. The worst sale decides. */
const SUMS = `min(min by (sale) (flashsale_sale_adds_up{sale=~"$sale"}) or 0 * ${ofSales('flashsale_sale_armed')} + 0.5)`;
const NONE_OVERSOLD = `(max(${ofSales('flashsale_oversold_units')}) == bool 0)`;
/** 2: there is no sale, by the word of those who looked; without it nobody could look. */
const NO_SALE = '0 * max(flashsale_refunds_due) + 2';

const DRIFT = 'flashsale_stock_drift_units{sale=~"$sale"}';
/** Up or down. */
const WORST_DRIFT = `clamp_min(max(max_over_time(${DRIFT}[$__range])), -scalar(min(min_over_time(${DRIFT}[$__range]))))`;

/**
 * The state as a number, so that it can be told by a word: the place in the list, from 1 on. Of each process by itself,
 * for while a state changes they do not all say the same.
 */
const STATE = `max by (sale) (${ARMED_SALE_STATES.map(
  (state, index) =>
    `${index + 1} * max by (sale, instance) (flashsale_sale_state{sale=~"$sale",state="${state}"})`,
).join(' + ')})`;

const STATE_COLOURS: Readonly<Record<(typeof ARMED_SALE_STATES)[number], string>> = {
  scheduled: UNDER_WAY,
  live: GOOD,
  paused: LOOK,
  draining: SOLD,
  halted: LOOK,
};

/** A minute, because units go in bursts: a window of seconds says never and at once in turn. */
const TAKEN_PER_SECOND = `-sum(min by (sale) (deriv(flashsale_sale_units{sale=~"$sale",state="available"}[1m])))`;

const NOT_SELLING_S = 86_400;

export const honest: Row = {
  title: 'Is the sale honest?',
  height: 3,
  panels: [
    stat({
      title: 'Every sum is right',
      description:
        'YES while units, holds, orders and the ledger agree between Redis and SQL, and nothing is oversold. On NO, halt the sale and open the runbook; NOT KNOWN means that a store or every process is away, or that Redis is being rebuilt.',
      unit: 'short',
      width: 4,
      show: { honest: `${SUMS} * ${NONE_OVERSOLD} or ${NO_SALE}` },
      words: [
        { from: 1, text: 'YES', colour: GOOD },
        { from: 0.5, ...NOT_KNOWN },
        { from: 0, text: 'NO', colour: BAD },
        { from: 2, text: 'NO SALE', colour: NEITHER },
      ],
      absent: NOT_KNOWN,
    }),
    stat({
      title: 'Oversold units',
      description:
        'Units ordered beyond the allotment, read from SQL. Always 0; anything else means that buyers were promised what does not exist: halt the sale.',
      unit: 'short',
      width: 3,
      show: { oversold: `sum(${ofSales('flashsale_oversold_units')})` },
      levels: noneOr(BAD),
      absent: NO_FIGURE,
    }),
    stat({
      title: 'Drift',
      description:
        'Units that do not add up between Redis and SQL, now and at worst in the chosen time. Always 0; a drift pauses the sale by itself, is mended from SQL, and the runbook says how to find its cause.',
      unit: 'short',
      width: 3,
      show: { now: `max(abs(${DRIFT}))`, 'at worst': WORST_DRIFT },
      levels: noneOr(BAD),
      absent: NO_FIGURE,
      next: 'flashsale-stores',
    }),
    stat({
      title: 'State',
      description:
        'What each chosen sale does now; choose one at the top when they are many. A pause or a halt is made by an operator, or by the auditor when sums are wrong.',
      unit: 'short',
      width: 3,
      show: { 'sale {{sale}}': STATE },
      words: ARMED_SALE_STATES.map((state, index) => ({
        from: index + 1,
        text: state.toUpperCase(),
        colour: STATE_COLOURS[state],
      })),
      absent: NO_FIGURE,
    }),
    stat({
      title: 'Units left',
      description:
        'Units that a buyer can hold now. SOLD OUT is what the sale is for; held units may still come back.',
      unit: 'short',
      width: 3,
      show: { left: units('available') },
      levels: [[null, GOOD]],
      words: [{ from: 0, text: 'SOLD OUT', colour: SOLD }],
      absent: NO_FIGURE,
    }),
    stat({
      title: 'Sold',
      description:
        'Ordered and paid units of the total. It only falls when an order expires or is cancelled.',
      unit: 'percentunit',
      decimals: 1,
      width: 3,
      show: { sold: `(${units('ordered')} + ${units('paid')}) / ${units('total')}` },
      levels: [[null, SOLD]],
      absent: NO_FIGURE,
    }),
    stat({
      title: 'Sold out in',
      description:
        'How long the units that are left last at the pace of the last minute. Nothing is wrong when nobody is buying; when buyers should be, look at their answers below.',
      unit: 's',
      decimals: 0,
      width: 3,
      show: { left: `${units('available')} / clamp_min(${TAKEN_PER_SECOND}, 1e-6)` },
      levels: [[null, GOOD]],
      words: [
        { from: 0, text: 'SOLD OUT', colour: SOLD },
        { from: NOT_SELLING_S, to: Infinity, text: 'NOT SELLING', colour: NEITHER },
      ],
      absent: NO_FIGURE,
    }),
    stat({
      title: 'Pages',
      description:
        'Alerts that ask for somebody now. None is normal; the marks in the graphs tell which, and the runbook what to do.',
      unit: 'short',
      width: 2,
      show: { firing: orZero('count(ALERTS{alertstate="firing",severity="page"})') },
      levels: noneOr(BAD),
      words: [{ from: 0, text: 'NONE', colour: GOOD }],
      next: 'flashsale-slo',
    }),
  ],
};
