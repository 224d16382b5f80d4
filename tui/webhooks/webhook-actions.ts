/** What operators do with webhooks. */

import type { Action } from '../actions/action.ts';
import { answerOf } from '../api.ts';
import type { Desk } from '../desk.ts';
import { chosenRows, selectedRow, whyNoneChosen } from '../list/shown-rows.ts';
import { plain, span } from '../look/span.ts';
import { jump } from '../rooms/jump.ts';
import { listOf, type State } from '../state/state.ts';
import { queryOf, wordsOf } from './inbox-query.ts';
import { inboxView } from './inbox-view.ts';
import { inbox } from './reading.ts';
import { deliveries, kindOf } from './replay-lines.ts';
import { replay, stopReplay } from './replay-steps.ts';
import { replaysView } from './replays-view.ts';
import { runningReplays } from './webhooks-slice.ts';

const here = { place: 'webhooks', views: [inboxView.name] } as const;

export const WEBHOOK_ACTIONS: readonly Action[] = [
  {
    ...here,
    id: 'webhook.replay',
    keys: ['r'],
    title: 'Replay the delivery, or the marked ones, after a dry run',
    hint: 'replay',
    does: 'changes',
    reason: whyNotReplay,
    run: replayChosen,
  },
  {
    ...here,
    id: 'webhook.replay_matching',
    keys: ['A'],
    title: 'Replay all that match the filter, read or not, after a dry run',
    hint: 'replay all',
    does: 'changes',
    reason: whyNotMatching,
    run: (desk) => {
      const { asks } = queryOf(listOf(desk.store.get()).filter);
      return replay(desk, { filter: asks }, `all with ${wordsOf(asks)}`);
    },
  },
  {
    place: 'webhooks',
    id: 'replay.stop',
    keys: ['x'],
    title: 'Stop a replay that is running; what it did stays done',
    does: 'changes',
    reason: (state) => (toStop(state) === undefined ? 'No replay is running here.' : null),
    run: stop,
  },
  {
    ...here,
    id: 'webhook.order',
    keys: ['o'],
    title: 'Open the order that it led to',
    hint: 'order',
    does: 'looks',
    reason: (state) => (selectedRow(state, inboxView) === undefined ? 'There is no delivery here.' : null),
    run: openOrder,
  },
  {
    ...here,
    id: 'webhook.raw',
    keys: ['v'],
    title: 'Payload as it was received, or laid out',
    hint: 'raw',
    does: 'looks',
    run: ({ store }) =>
      store.set((state) => ({ ...state, webhooks: { ...state.webhooks, isRaw: !state.webhooks.isRaw } })),
  },
  {
    ...here,
    id: 'webhook.older',
    keys: ['L'],
    title: 'Read older deliveries',
    does: 'looks',
    reason: (state) => (inbox.hasOlder(state) ? null : 'These are all.'),
    run: inbox.loadOlder,
  },
];

function whyNotReplay(state: State): string | null {
  if (selectedRow(state, inboxView) === undefined) return 'There is no delivery here.';
  return whyNoneChosen(state, inboxView);
}

function replayChosen(desk: Desk): Promise<void> {
  const ids = chosenRows(desk.store.get(), inboxView).map(({ id }) => id);
  const [first] = ids;
  const what = ids.length === 1 && first !== undefined ? `delivery ${first}` : deliveries(ids.length);
  return replay(desk, { ids }, what);
}

function whyNotMatching(state: State): string | null {
  const { asks, isWhole } = queryOf(listOf(state).filter);
  if (Object.keys(asks).length === 0) return 'Filter first, with /: what matches is what is replayed.';
  if (isWhole) return null;
  return `The API can look for ${wordsOf(asks)}, not for the rest of the filter. Mark the rows with * and use r.`;
}

/** The selected one, else the newest that runs. */
function toStop(state: State) {
  if (state.views.webhooks !== replaysView.name) return runningReplays(state.webhooks)[0];
  const selected = selectedRow(state, replaysView);
  return selected?.state === 'running' ? selected : undefined;
}

async function stop(desk: Desk): Promise<void> {
  const found = toStop(desk.store.get());
  if (found === undefined) return;
  const isSure = await desk.ask.confirm({
    title: `Stop ${kindOf(found)} ${found.id}?`,
    lines: [
      plain('What it did stays done; the other deliveries stay as they are.'),
      [span('It cannot be taken up again, but another replay can do the rest.', 'dim')],
    ],
    verb: 'stop it',
  });
  if (isSure) await stopReplay(desk, found);
}

async function openOrder(desk: Desk): Promise<void> {
  const row = selectedRow(desk.store.get(), inboxView);
  if (row === undefined) return;
  const answer = await answerOf(desk.api.webhooks({ id: row.id }).get());
  if (!answer.ok) desk.say(answer.message, 'warn');
  else if (answer.data.order === null) desk.say(`Delivery ${row.id} led to no order.`, 'warn');
  else jump(desk, { room: 'orders', filter: answer.data.order.order_id });
}
