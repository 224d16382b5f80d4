/** One look at everything. */

import { Overview, type SaleOverview } from '@flash-sale/shared/contracts/overview.ts';
import { answerOf } from '../api.ts';
import { ago, count, percent } from '../look/format.ts';
import { GLYPHS } from '../look/look.ts';
import { plain, span, type Line } from '../look/span.ts';
import { safe } from '../look/text.ts';
import { alarmOf, toneOfState } from '../sales/sale-words.ts';
import { command } from './command.ts';
import { must } from './endings.ts';
import { EXIT } from './exit-codes.ts';
import { fieldsOf } from './fields.ts';
import { tableLines, type Column, type Shape } from './output.ts';
import { unitsColumn } from './sales.ts';

const SALES: readonly Column<SaleOverview>[] = [
  { field: 'sale_id', title: 'Sale', align: 'right' },
  { field: 'name', title: 'Product' },
  { field: 'state', title: 'State', cell: ({ state }) => span(state, toneOfState(state)) },
  { field: 'sell_through', title: 'Sold', align: 'right', cell: ({ sell_through: sold }) => percent(sold) },
  unitsColumn('paid', 'Paid'),
  unitsColumn('ordered', 'Ordered'),
  unitsColumn('held', 'Held'),
  unitsColumn('available', 'Left'),
  { field: 'armed', title: 'Alarm', cell: (sale) => alarmOf(sale.units, sale.state, sale) ?? '' },
];

function linesOf({ sales, stores, preflight, ...waiting }: Overview): Line[] {
  const { redis, sql, faults, clock_skew_ms: skewMs } = stores;
  const { workers_quiet_ms: quietMs } = preflight;
  const unknown = (many: number | null) => (many === null ? '?' : count(many));
  return [
    ...(sales.length === 0 ? [plain('No sale is on or to come.')] : tableLines(SALES, sales)),
    [],
    [
      ...store('Redis', redis),
      ...store('SQL', sql),
      span(`clocks ${unknown(skewMs === null ? null : Math.abs(skewMs))} ms apart`),
    ],
    ...faults.map((fault): Line => [span(`! ${safe(fault)}`, 'warn')]),
    plain(quietMs === null ? 'workers never ran' : `workers last worked ${ago(quietMs)}`),
    plain(
      `refunds due ${unknown(waiting.refunds_due)}, deliveries waiting ${unknown(waiting.deliveries_waiting)}`,
    ),
  ];
}

function store(name: string, { answers, milliseconds }: Overview['stores']['redis']): Line {
  if (!answers) return [span(`${GLYPHS.no} ${name} does not answer  `, 'warn')];
  return [span(`${GLYPHS.ok} ${name} `, 'good'), span(`${(milliseconds ?? 0).toFixed(1)} ms  `)];
}

const STATUS: Shape<Overview> = { id: 'at', fields: fieldsOf(Overview), columns: [], tell: linesOf };

export const STATUS_COMMANDS = [
  command({
    words: 'status',
    summary: 'Every sale that is on or to come, the stores, and what waits for somebody',
    does: 'looks',
    shape: STATUS,
    async run({ api, out }) {
      out.one(await must(answerOf(api.overview.get())));
      return EXIT.ok;
    },
  }),
];
