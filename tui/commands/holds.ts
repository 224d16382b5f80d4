/** Holds of a sale. */

import { ReleasedHold } from '@flash-sale/shared/contracts/hold.ts';
import { ExtendedHold, LISTED_HOLD_STATES, ListedHold } from '@flash-sale/shared/contracts/operator-hold.ts';
import { HOLD_TTL_MAX_S } from '@flash-sale/shared/limits.ts';
import { answerOf, inPath } from '../api.ts';
import { counted } from '../look/format.ts';
import { command } from './command.ts';
import { changeEach } from './each.ts';
import { EVENT, eventsMatching } from './events.ts';
import { EXIT } from './exit-codes.ts';
import { fieldsOf } from './fields.ts';
import { follow } from './following.ts';
import type { Shape } from './output.ts';
import { PAGED, readRows } from './pages.ts';
import { saleWord } from './sales.ts';
import { given, integer, many, oneOf, optional, text } from './taken.ts';

const HOLD: Shape<ListedHold> = {
  id: 'hold_id',
  fields: fieldsOf(ListedHold),
  columns: [
    { field: 'hold_id', title: 'Hold' },
    { field: 'state', title: 'State' },
    { field: 'quantity', title: 'Units', align: 'right' },
    { field: 'expires_at', title: 'Expires' },
    { field: 'buyer_id', title: 'Buyer' },
    { field: 'ended_at', title: 'Ended' },
  ],
};

const holdWords = many(text('HOLD', 'the ids of the holds'));

const list = command({
  words: 'holds list',
  summary: 'Holds of a sale, living ones unless told otherwise, the next to expire first',
  does: 'looks',
  shape: HOLD,
  takes: { sale: saleWord },
  flags: {
    state: optional(oneOf('STATE', 'only holds in this state', LISTED_HOLD_STATES)),
    buyer: optional(text('BUYER', 'only holds of this buyer')),
    ...PAGED,
  },
  async run(at) {
    const { state, buyer } = at.flags;
    const query = given({ state, buyer });
    const { holds } = at.api.sales({ id: at.words.sale });
    at.out.list(await readRows(at, (page) => answerOf(holds.get({ query: { ...query, ...page } }))));
    return EXIT.ok;
  },
});

const watch = command({
  words: 'holds watch',
  summary: 'Follow the holds of a sale: a line whenever one begins, changes or ends',
  does: 'looks',
  isStream: true,
  shape: EVENT,
  takes: { sale: saleWord },
  run(at) {
    const isWanted = eventsMatching({ sales: [at.words.sale], types: ['hold'] });
    return follow(at, (events) => {
      for (const event of events) if (isWanted(event)) at.out.next(event);
      return null;
    });
  },
});

const release = command({
  words: 'holds release',
  summary: 'Release holds: their units return to stock at once',
  does: 'changes',
  isDestructive: true,
  shape: {
    id: 'hold_id',
    fields: fieldsOf(ReleasedHold),
    columns: [
      { field: 'hold_id', title: 'Hold' },
      { field: 'state', title: 'State' },
    ],
  } satisfies Shape<typeof ReleasedHold.static>,
  takes: { holds: holdWords },
  async run(at) {
    const { holds } = at.words;
    await at.confirm([
      `This ends ${counted(holds.length, 'hold')}: the units return to stock, and the buyers lose them.`,
    ]);
    return changeEach(at, holds, (id, headers) =>
      answerOf(at.api.holds({ id: inPath(id) }).release.post(undefined, { headers })),
    );
  },
});

const extend = command({
  words: 'holds extend',
  summary: 'Give the buyers of holds more time',
  does: 'changes',
  shape: {
    id: 'hold_id',
    fields: fieldsOf(ExtendedHold),
    columns: [
      { field: 'hold_id', title: 'Hold' },
      { field: 'expires_at', title: 'Expires' },
      { field: 'expires_in_seconds', title: 'Seconds', align: 'right' },
    ],
  } satisfies Shape<ExtendedHold>,
  takes: { holds: holdWords },
  flags: { seconds: integer('N', 'seconds more for each', { max: HOLD_TTL_MAX_S }) },
  run: (at) =>
    changeEach(at, at.words.holds, (id, headers) =>
      answerOf(at.api.holds({ id: inPath(id) }).extend.post(at.flags, { headers })),
    ),
});

export const HOLD_COMMANDS = [list, watch, release, extend];
