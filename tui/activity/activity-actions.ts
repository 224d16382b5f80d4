/** What can be asked of the audit log. */

import type { Action } from '../actions/action.ts';
import { answerOf } from '../api.ts';
import type { Desk } from '../desk.ts';
import { selectedRow } from '../list/shown-rows.ts';
import { counted } from '../look/format.ts';
import { jump } from '../rooms/jump.ts';
import type { State } from '../state/state.ts';
import { auditList, auditView, brokenWords, KEEP_BROKEN } from './audit-view.ts';
import { mineView } from './journal-views.ts';

const here = { place: 'activity', does: 'looks' } as const;

export const ACTIVITY_ACTIONS: readonly Action[] = [
  {
    place: 'activity',
    id: 'change.again',
    keys: ['a'],
    title: 'Ask again for a change that nobody answered, under its key: it is made once',
    hint: 'again',
    does: 'changes',
    views: [mineView.name],
    reason: (state) =>
      selectedRow(state, mineView)?.state === 'unknown'
        ? null
        : 'Only what nobody answered is asked for again.',
    run: (desk) => desk.askAgain(selectedRow(desk.store.get(), mineView)?.id ?? ''),
  },
  {
    ...here,
    id: 'audit.verify',
    keys: ['v'],
    title: 'Check that nobody changed or removed a row of the audit log',
    hint: 'verify',
    run: verify,
  },
  {
    ...here,
    id: 'audit.target',
    keys: ['o'],
    title: 'Go to the order of the row',
    hint: 'order',
    views: [auditView.name],
    reason: (state) => (orderIn(state) === null ? 'Only a row about an order leads to one.' : null),
    run: (desk) => jump(desk, { room: 'orders', filter: orderIn(desk.store.get()) ?? '' }),
  },
  {
    ...here,
    id: 'audit.older',
    keys: ['L'],
    title: 'Read older rows; the end of the list does it too',
    views: [auditView.name],
    reason: (state) => (auditList.hasOlder(state) ? null : 'There are no older rows.'),
    run: (desk) => auditList.loadOlder(desk),
  },
];

async function verify(desk: Desk): Promise<void> {
  desk.say('Computing every hash of the audit log again ...');
  const answer = await answerOf(desk.api.audit.verify.get());
  if (!answer.ok) {
    desk.say(`The audit log was not checked: ${answer.message}`, 'warn');
    return;
  }
  const checked = { ...answer.data, atMs: desk.frame().nowMs };
  desk.store.set((state) => ({ ...state, audit: { ...state.audit, checked } }));
  if (checked.intact) desk.say(`All of ${counted(checked.rows, 'row')} are as they were written.`, 'good');
  else desk.say(`THE AUDIT LOG IS BROKEN: ${brokenWords(checked)}; ${KEEP_BROKEN}.`, 'warn');
}

/** `order 0197…` */
function orderIn(state: State): string | null {
  const [what, id] = selectedRow(state, auditView)?.target.split(' ') ?? [];
  return what === 'order' && id !== undefined ? id : null;
}
