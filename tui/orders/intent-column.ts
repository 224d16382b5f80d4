import type { Column } from '../list/columns.ts';
import { safe, shortId } from '../look/text.ts';

/** Of orders, and of payments that are owed back. */
export const intentColumn: Column<{ readonly payment_intent_id: string }> = {
  name: 'intent',
  title: 'Payment intent',
  width: 16,
  grows: 2,
  priority: 0,
  cell: ({ payment_intent_id: id }, _frame, width) => shortId(safe(id), width),
  sortBy: ({ payment_intent_id: id }) => id,
};
