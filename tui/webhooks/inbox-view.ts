/** The inbox: one line per delivery, newest first. */

import type { Copy, View } from '../rooms/room.ts';
import { againOr } from '../look/facts.ts';
import type { State } from '../state/state.ts';
import { replayCommand, sendAgainCommand } from './curl.ts';
import { deliveryLines } from './delivery-lines.ts';
import { fieldsOf, INBOX_COLUMNS } from './delivery-row.ts';
import { inbox } from './reading.ts';
import { runningLines } from './replay-lines.ts';
import type { InboxRow } from './webhooks-slice.ts';

export const inboxView: View<InboxRow> = {
  name: 'webhooks',
  title: 'Webhooks',
  rows: (state) => inbox.rows(state),
  idOf: ({ id }) => String(id),
  columns: INBOX_COLUMNS,
  fields: fieldsOf,
  above: runningLines,
  detail: deliveryLines,
  copies: copiesOf,
  empty: ({ webhooks: { inbox: list } }) =>
    againOr(list.fault, list.newest.isRead ? 'No webhook has come yet.' : 'Reading the inbox ...'),
  sentence: ({ nowMs }, row) =>
    [
      `delivery ${row.id} from ${row.provider}`,
      row.event,
      row.outcome ?? row.state,
      `intent ${row.payment_intent_id ?? 'none'}`,
      `${row.attempts} attempts`,
      `received ${Math.round((nowMs - Date.parse(row.received_at)) / 1_000)} seconds ago`,
    ].join(', '),
};

/** What only the page of a delivery tells can be copied once that is read. */
function copiesOf({ foundBy: _foundBy, ...row }: InboxRow, { webhooks, context }: State): readonly Copy[] {
  const view = webhooks.delivery?.id === row.id ? webhooks.delivery.what : null;
  return [
    { what: 'id', text: String(row.id) },
    ...(row.payment_intent_id === null ? [] : [{ what: 'intent', text: row.payment_intent_id }]),
    ...(view === null ? [] : [{ what: 'payload', text: view.body }]),
    { what: 'JSON', text: JSON.stringify(view ?? row, null, 2) },
    { what: 'curl replay', text: replayCommand(context.url, row.id) },
    ...(view === null ? [] : [{ what: 'curl send', text: sendAgainCommand(view) }]),
  ];
}
