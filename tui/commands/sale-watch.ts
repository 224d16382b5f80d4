/** Follows a sale. */

import type { OperatedSale } from '@flash-sale/shared/contracts/sale.ts';
import { answerOf } from '../api.ts';
import { command } from './command.ts';
import { ifAnswered } from './endings.ts';
import { EXIT } from './exit-codes.ts';
import { follow } from './following.ts';
import { SALE, saleWord } from './sales.ts';
import { on, oneOf, optional } from './taken.ts';

const ENDS = ['live', 'paused', 'draining', 'ended', 'halted', 'sold-out'] as const;
type End = (typeof ENDS)[number];

/** As often as people read lines. */
const LOOKED_AT_EVERY_MS = 250;

export const SALE_WATCH_COMMANDS = [
  command({
    words: 'sales watch',
    summary: 'Follow a sale: a line at every change, until it is over',
    details: 'It ends with 0 when the sale has ended, or is what --until says.',
    does: 'looks',
    isStream: true,
    shape: SALE,
    takes: { sale: saleWord },
    flags: {
      until: optional(oneOf('STATE', 'end as soon as it is this; ended when absent', ENDS)),
      'exit-status': on('end with 1 as soon as it is halted, or ends without being what --until says'),
    },
    run(at) {
      const { until = 'ended', 'exit-status': tellsStatus } = at.flags;
      let shown = '';
      const look = async () => {
        const sale = await ifAnswered(answerOf(at.api.sales({ id: at.words.sale }).get()));
        // It is looked at again at the next heartbeat.
        if (sale === null) return null;
        const seen = JSON.stringify([sale.state, sale.allotment, sale.units, sale.opens_at, sale.closes_at]);
        if (seen !== shown) at.out.next(sale);
        shown = seen;
        if (is(sale, until)) return EXIT.ok;
        if (sale.state === 'ended') return tellsStatus ? EXIT.failed : EXIT.ok;
        return tellsStatus && sale.state === 'halted' ? EXIT.failed : null;
      };
      // Heartbeats too: that a sale has ended by itself is told by nobody else.
      const concerns = (id: number | null) => id === null || id === at.words.sale;
      return follow(
        at,
        (events) =>
          events.some((event) => !('sale_id' in event) || concerns(event.sale_id)) ? look() : null,
        LOOKED_AT_EVERY_MS,
      );
    },
  }),
];

function is({ state, allotment, units: { ordered, paid } }: OperatedSale, end: End): boolean {
  return end === 'sold-out' ? ordered + paid >= allotment : state === end;
}
