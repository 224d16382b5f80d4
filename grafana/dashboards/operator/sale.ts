/** How the sale goes: absolute figures of the stores, for a sum of rates loses what happened between two scrapes. */

import type { Row } from '../board.ts';
import { GOOD, ORDERED, PLAIN, SOLD, UNDER_WAY } from '../palette.ts';
import { bars, series, stacked } from '../panels.ts';
import { perSecond, reached, units } from '../queries.ts';

export const sale: Row = {
  title: 'Sale',
  height: 6,
  panels: [
    stacked(
      {
        title: 'Where the units are',
        description:
          'Every unit of the sale by where it is now, as the stores tell it: the parts reach up to the dashed total. A gap below it is a drift, or nobody knows what is held because Redis is away.',
        unit: 'short',
        width: 8,
        show: {
          paid: units('paid'),
          ordered: units('ordered'),
          held: units('held'),
          available: units('available'),
          total: units('total'),
        },
        colours: { paid: SOLD, ordered: ORDERED, held: UNDER_WAY, available: GOOD, total: PLAIN },
      },
      'total',
    ),
    bars({
      title: 'How far units came',
      description:
        'Units that were ever held, then ordered, then paid, and those that came back unordered. Counted by the stores, so the steps never overtake each other.',
      unit: 'short',
      width: 4,
      show: {
        held: reached('held'),
        ordered: reached('ordered'),
        paid: reached('paid'),
        expired: reached('expired'),
        released: reached('released'),
      },
      colours: { held: UNDER_WAY, ordered: ORDERED, paid: SOLD, expired: PLAIN, released: PLAIN },
    }),
    bars({
      title: 'Of these went on',
      description:
        'Which part of the units went from one step to the next. Few orders of many holds: buyers only try; few payments of many orders: look at the money below.',
      unit: 'percentunit',
      max: 1,
      width: 3,
      show: {
        'held → ordered': `${reached('ordered')} / clamp_min(${reached('held')}, 1)`,
        'ordered → paid': `${reached('paid')} / clamp_min(${reached('ordered')}, 1)`,
        'held → expired': `${reached('expired')} / clamp_min(${reached('held')}, 1)`,
      },
      colours: { 'held → ordered': ORDERED, 'ordered → paid': SOLD, 'held → expired': PLAIN },
    }),
    series({
      title: 'Units per second',
      description:
        'How fast units are held, ordered and paid. Holds stop when the sale is sold out; orders and payments follow.',
      unit: 'short',
      width: 4,
      show: { held: pace('held'), ordered: pace('ordered'), paid: pace('paid') },
      colours: { held: UNDER_WAY, ordered: ORDERED, paid: SOLD },
    }),
    stacked({
      title: 'Requests for holds',
      description:
        'What buyers of all sales were told when they asked for a hold, a second. Sold out is an answer like another; many that are too fast are robots.',
      unit: 'reqps',
      width: 5,
      legend: 'right',
      show: {
        held: attempts('held'),
        'held before': attempts('replayed'),
        'sold out': attempts('insufficient_stock'),
        'at their limit': attempts('buyer_limit_reached'),
        'too fast': attempts('too_many_requests'),
        'not open': attempts('not_open|paused|ended'),
        'not valid': attempts('key_reused|buyer_needed'),
      },
      colours: { held: GOOD, 'held before': 'light-green', 'sold out': SOLD },
    }),
  ],
};

function pace(step: string): string {
  const perSale = `max by (sale) (deriv(flashsale_sale_steps{sale=~"$sale",step="${step}"}[$__rate_interval]))`;
  return `clamp_min(sum(${perSale}), 0)`;
}

function attempts(outcome: string): string {
  return perSecond(`flashsale_hold_attempts_total{outcome=~"${outcome}"}`);
}
