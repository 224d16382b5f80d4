/** What moves a sale: schedule, launch, pause, resume, end, halt. */

import type { OperatedSale } from '@flash-sale/shared/contracts/sale.ts';
import type { SaleVerb } from '@flash-sale/shared/lifecycle.ts';
import { answerOf } from '../api.ts';
import { counted, dateTime, money } from '../look/format.ts';
import { safe } from '../look/text.ts';
import { slugOf } from '../sales/sale-row.ts';
import { CONSEQUENCES } from '../sales/verb-words.ts';
import { haveSameTerms } from '../sales/sale-terms.ts';
import { command } from './command.ts';
import { Ending } from './endings.ts';
import { EXIT } from './exit-codes.ts';
import { readSale, SALE, saleWord } from './sales.ts';

interface Verb {
  readonly verb: SaleVerb;
  readonly summary: string;
  /** What happens, for who is asked; absent where it can be taken back. */
  readonly tells?: (sale: OperatedSale) => readonly string[];
  /** So much depends on it that the name of the sale is typed. */
  readonly isNamed?: boolean;
}

const VERBS: readonly Verb[] = [
  {
    verb: 'launch',
    summary: 'Launch a sale now, even if its window were to open later',
    isNamed: true,
    tells: (sale) => [
      `${counted(sale.allotment, 'unit')} of ${safe(sale.product_name)} at ${money(sale.price, sale.currency)}.`,
      `Sells at once, and ${closing(sale)}.`,
    ],
  },
  { verb: 'schedule', summary: 'Let a draft open by itself at its time' },
  { verb: 'pause', summary: 'Pause a sale: no new holds; those that are held stay' },
  { verb: 'resume', summary: 'Resume a sale after a pause' },
  {
    verb: 'end',
    summary: 'End a sale for good: it is over when all is settled',
    isNamed: true,
    tells: ({ units }) => CONSEQUENCES.end(units),
  },
  {
    verb: 'halt',
    summary: 'Halt a sale in an emergency: no holds, no orders, even without Redis',
    tells: ({ units }) => CONSEQUENCES.halt(units),
  },
];

function closing({ closes_at: at }: OperatedSale): string {
  return at === null ? 'closes when it is ended' : `closes ${dateTime(Date.parse(at))}`;
}

export const SALE_VERB_COMMANDS = VERBS.map(({ verb, summary, tells, isNamed = false }) =>
  command({
    words: `sales ${verb}`,
    summary,
    does: 'changes',
    isDestructive: tells !== undefined,
    shape: SALE,
    takes: { sale: saleWord },
    async run({ api, words, out, change, confirm }) {
      if (tells !== undefined) {
        const sale = await readSale(api, words.sale);
        const title = `${verb} ${safe(sale.product_name)} #${sale.id}`;
        await confirm([title, ...tells(sale)], isNamed ? slugOf(sale) : undefined);
        if (verb === 'launch' && !haveSameTerms(sale, await readSale(api, words.sale))) {
          throw new Ending(EXIT.conflict, 'It was edited meanwhile: nothing was done. Look at it again.');
        }
      }
      const sale = api.sales({ id: words.sale });
      out.list([await change((headers) => answerOf(sale[verb].post(undefined, { headers })))]);
      return EXIT.ok;
    },
  }),
);
