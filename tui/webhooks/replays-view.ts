/** Replays and dry runs, newest first, with what they made of each delivery. */

import type { ReplayView } from '@flash-sale/shared/contracts/webhook.ts';
import type { View } from '../rooms/room.ts';
import { againOr } from '../look/facts.ts';
import { askedWords, kindOf, REPLAY_COLUMNS, replayLines, runningLines } from './replay-lines.ts';

export const replaysView: View<ReplayView> = {
  name: 'replays',
  title: 'Replays',
  rows: ({ webhooks }) => webhooks.replays,
  idOf: ({ id }) => String(id),
  columns: REPLAY_COLUMNS,
  fields: (row) => ({
    id: String(row.id),
    kind: kindOf(row),
    state: row.state,
    by: row.actor,
    of: askedWords(row),
    changed: String(row.changed),
    failed: String(row.failed),
  }),
  above: runningLines,
  detail: replayLines,
  copies: (row, { webhooks: { replay } }) => [
    { what: 'id', text: String(row.id) },
    { what: 'JSON', text: JSON.stringify(row, null, 2) },
    ...(replay?.id === row.id && replay.what !== null
      ? [{ what: 'results', text: JSON.stringify(replay.what.items, null, 2) }]
      : []),
  ],
  empty: ({ webhooks }) => againOr(webhooks.replaysFault, 'Nothing was replayed yet. r in the inbox does.'),
  sentence: (_frame, row) =>
    `${kindOf(row)} ${row.id}, ${row.state}, ${row.done} of ${row.total} done, ${row.changed} changed, ${row.failed} failed`,
};
