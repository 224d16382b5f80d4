/** A delivery as one line of the inbox. */

import type { Column } from '../list/columns.ts';
import type { Fields } from '../list/filter.ts';
import { ageColumn, whenColumn } from '../list/time-columns.ts';
import { span } from '../look/span.ts';
import { safe, shortId } from '../look/text.ts';
import { outcomeWord } from './outcome-words.ts';
import type { InboxRow } from './webhooks-slice.ts';

export function fieldsOf(row: InboxRow): Fields {
  return {
    id: String(row.id),
    provider: row.provider,
    event: row.event,
    state: row.state,
    outcome: row.outcome ?? '',
    intent: row.payment_intent_id ?? '',
    hold: row.hold_id ?? '',
    key: row.sender_key ?? '',
    signature: row.signature,
    attempts: String(row.attempts),
    sent: String(row.received_count),
    found: row.foundBy ?? '',
  };
}

export const INBOX_COLUMNS: readonly Column<InboxRow>[] = [
  whenColumn((row) => row.received_at, { name: 'time', title: 'Time' }),
  {
    name: 'id',
    title: '#',
    width: 6,
    align: 'right',
    priority: 4,
    cell: (row) => String(row.id),
    sortBy: (row) => row.id,
  },
  {
    name: 'provider',
    title: 'From',
    width: 6,
    priority: 2,
    cell: (row) => span(safe(row.provider), row.provider === 'stripe' ? 'ordered' : 'dim'),
    sortBy: (row) => row.provider,
  },
  {
    name: 'event',
    title: 'Event',
    width: 15,
    grows: 2,
    priority: 0,
    cell: (row) => safe(row.event),
    sortBy: (row) => row.event,
  },
  {
    name: 'outcome',
    title: 'Outcome',
    width: 14,
    priority: 0,
    cell: (row) => outcomeWord(row.outcome, row.state),
    sortBy: (row) => row.outcome ?? '',
  },
  {
    name: 'intent',
    title: 'Intent',
    width: 11,
    grows: 3,
    priority: 0,
    cell: (row, _frame, width) => shortId(safe(row.payment_intent_id ?? '-'), width),
    sortBy: (row) => row.payment_intent_id ?? '',
  },
  {
    name: 'hold',
    title: 'Hold',
    width: 15,
    grows: 1,
    priority: 3,
    cell: (row, _frame, width) => span(shortId(row.hold_id ?? '-', width), 'dim'),
    sortBy: (row) => row.hold_id ?? '',
  },
  {
    name: 'signature',
    title: 'Signed',
    width: 8,
    priority: 5,
    cell: (row) => span(row.signature, row.signature === 'valid' ? 'good' : 'dim'),
    sortBy: (row) => row.signature,
  },
  {
    name: 'key',
    title: 'Key of the sender',
    width: 16,
    grows: 1,
    priority: 6,
    cell: (row, _frame, width) => span(shortId(safe(row.sender_key ?? '-'), width), 'dim'),
    sortBy: (row) => row.sender_key ?? '',
  },
  {
    name: 'sent',
    title: 'Sent',
    width: 4,
    align: 'right',
    priority: 4,
    cell: ({ received_count: sent }) => span(`${sent}x`, sent > 1 ? 'warn' : 'dim'),
    sortBy: (row) => row.received_count,
  },
  {
    name: 'attempts',
    title: 'Tries',
    width: 5,
    align: 'right',
    priority: 1,
    cell: (row) => span(String(row.attempts), row.attempts > 1 ? 'warn' : 'dim'),
    sortBy: (row) => row.attempts,
  },
  ageColumn((row) => row.received_at, 1),
];
