/** The webhook inbox. */

import {
  DELIVERY_OUTCOMES,
  DeliveryRow,
  DeliveryView,
  PROVIDERS,
  type DeliveryFilter,
} from '@flash-sale/shared/contracts/webhook.ts';
import { DELIVERY_STATES } from '@flash-sale/shared/lifecycle.ts';
import { answerOf } from '../api.ts';
import { safeLines } from '../look/text.ts';
import { plain, span } from '../look/span.ts';
import { attemptLines } from '../webhooks/attempt-lines.ts';
import { outcomeWord } from '../webhooks/outcome-words.ts';
import { command } from './command.ts';
import { ifAnswered, must } from './endings.ts';
import { EXIT } from './exit-codes.ts';
import { fieldsOf } from './fields.ts';
import { factLines, type Column, type Shape } from './output.ts';
import { PAGED, readRows } from './pages.ts';
import { given, integer, on, oneOf, optional, text, type ValuesOf } from './taken.ts';

const COLUMNS: readonly Column<DeliveryRow>[] = [
  { field: 'id', title: 'Delivery', align: 'right' },
  { field: 'provider', title: 'Provider' },
  { field: 'event', title: 'Event' },
  { field: 'outcome', title: 'Outcome', cell: ({ outcome, state }) => outcomeWord(outcome, state) },
  { field: 'payment_intent_id', title: 'Intent' },
  { field: 'attempts', title: 'Tried', align: 'right' },
  { field: 'received_count', title: 'Sent', align: 'right' },
  { field: 'received_at', title: 'Received' },
  { field: 'signature', title: 'Signature' },
];

const DELIVERY: Shape<DeliveryRow> = { id: 'id', fields: fieldsOf(DeliveryRow), columns: COLUMNS };

const WHOLE_DELIVERY: Shape<DeliveryView> = {
  id: 'id',
  fields: fieldsOf(DeliveryView),
  columns: COLUMNS,
  tell: (delivery) => [
    ...factLines(DELIVERY, delivery),
    ...(delivery.order === null
      ? []
      : [plain(`order ${delivery.order.order_id} is ${delivery.order.state}`)]),
    [],
    [span('Attempts, newest first', 'accent')],
    ...attemptLines(delivery),
    [],
    [span('Body, as it was received', 'accent')],
    ...safeLines(delivery.body).map(plain),
  ],
};

/** What `list` and `replay` choose by. */
export const DELIVERY_FILTER = {
  state: optional(oneOf('STATE', 'only deliveries in this state', DELIVERY_STATES)),
  provider: optional(oneOf('PROVIDER', 'only of this provider', PROVIDERS)),
  outcome: optional(oneOf('OUTCOME', 'only those of which this became', DELIVERY_OUTCOMES)),
  event: optional(text('EVENT', 'only of this event, such as payment_success')),
  find: optional(text('TEXT', 'the beginning of an intent or a hold id, or the id of a delivery')),
} as const;

export function filterOf(flags: ValuesOf<typeof DELIVERY_FILTER>): DeliveryFilter {
  const { state, provider, outcome, event, find } = flags;
  return given({ state, provider, outcome, event, q: find });
}

const list = command({
  words: 'webhooks list',
  summary: 'Webhook deliveries, newest first',
  does: 'looks',
  shape: DELIVERY,
  flags: { ...DELIVERY_FILTER, ...PAGED },
  async run(at) {
    const filter = filterOf(at.flags);
    at.out.list(
      await readRows(at, (page) => answerOf(at.api.webhooks.get({ query: { ...filter, ...page } }))),
    );
    return EXIT.ok;
  },
});

const show = command({
  words: 'webhooks show',
  summary: 'A delivery: headers, body, attempts, its payment and its order',
  does: 'looks',
  shape: WHOLE_DELIVERY,
  takes: { delivery: integer('DELIVERY', 'the id of the delivery') },
  async run({ api, words, out }) {
    out.one(await must(answerOf(api.webhooks({ id: words.delivery }).get())));
    return EXIT.ok;
  },
});

const WATCHED_EVERY_MS = 1_000;
const WATCHED_ROWS = 200;

const watch = command({
  words: 'webhooks watch',
  summary: 'Follow the inbox: a line whenever a delivery arrives, or something else becomes of it',
  details: `It looks at the newest ${WATCHED_ROWS} deliveries that match, once a second.`,
  does: 'looks',
  isStream: true,
  shape: DELIVERY,
  flags: {
    ...DELIVERY_FILTER,
    'exit-status': on('end with 1 as soon as one comes to mismatch, unmatched or refund_due'),
  },
  async run({ api, flags, out, signal }) {
    const query = { ...filterOf(flags), limit: String(WATCHED_ROWS) };
    const first = await must(answerOf(api.webhooks.get({ query })));
    let known = looksOf(first.items);
    while (!signal.aborted) {
      await Bun.sleep(WATCHED_EVERY_MS);
      const page = await ifAnswered(answerOf(api.webhooks.get({ query })));
      if (page === null) continue;
      for (const row of page.items.toReversed()) {
        if (known.get(row.id) === lookOf(row)) continue;
        out.next(row);
        if (flags['exit-status'] && isTrouble(row)) return EXIT.failed;
      }
      known = looksOf(page.items);
    }
    return EXIT.interrupted;
  },
});

function lookOf({ state, outcome, attempts, received_count: sent }: DeliveryRow): string {
  return [state, outcome, attempts, sent].join(' ');
}

function looksOf(rows: readonly DeliveryRow[]): Map<number, string> {
  return new Map(rows.map((row) => [row.id, lookOf(row)]));
}

function isTrouble({ outcome }: DeliveryRow): boolean {
  return outcome === 'mismatch' || outcome === 'unmatched' || outcome === 'refund_due';
}

export const WEBHOOK_COMMANDS = [list, show, watch];
