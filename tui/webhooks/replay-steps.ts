/** A replay, step by step: a dry run, its result, the question, the replay itself. What is replayed is what was looked at. */

import type { DeliveryFilter, ReplayItemView, ReplayView } from '@flash-sale/shared/contracts/webhook.ts';
import {
  REPLAY_DELIVERIES_MAX,
  REPLAY_RATE_DEFAULT,
  REPLAY_RATE_MAX,
  PAGE_ROWS_MAX,
} from '@flash-sale/shared/limits.ts';
import { answerOf, isUnanswered, type Answer } from '../api.ts';
import type { Desk } from '../desk.ts';
import type { Sure } from '../dialogs/ask.ts';
import { bar } from '../look/bars.ts';
import { count, wholeTimeLeft } from '../look/format.ts';
import { plain, span, type Line } from '../look/span.ts';
import { readItems } from './reading.ts';
import { deliveries, foreseenLines } from './replay-lines.ts';
import type { ReplayItems } from './webhooks-slice.ts';

export type ReplayChoice = { readonly ids: number[] } | { readonly filter: DeliveryFilter };

/** How often it is asked how far a replay is. */
const ASKED_EVERY_MS = 250;
/** More than anybody marks one by one. */
const CONFIRMED_MAX = 100;
/** Lines of a dry run's result in a question. */
const LINES_SHOWN = 8;
/** Of a question, on a screen that is wide enough, and what its frame takes. */
const QUESTION_COLUMNS = 72;
const FRAME_COLUMNS = 4;
const RATES = [REPLAY_RATE_DEFAULT, 5, 200, REPLAY_RATE_MAX];
/** Fewer are done before anybody has read the question. */
const RATE_ASKED_FROM = 10;

/** @param what "delivery 12", "3 marked deliveries" */
export async function replay(desk: Desk, choice: ReplayChoice, what: string): Promise<void> {
  const items = await dryRun(desk, choice, what);
  if (items === null) return;
  const ids = items.map(({ delivery_id: id }) => id);
  if (ids.length === 0) {
    desk.say('No delivery matches: there is nothing to replay.', 'warn');
    return;
  }
  const perSecond = ids.length < RATE_ASKED_FROM ? REPLAY_RATE_DEFAULT : await askRate(desk, ids.length);
  if (perSecond === null) return;
  const sure = await askSure(desk, 'filter' in choice, items, what);
  if (sure === null) return;
  const body = { ids, per_second: perSecond };
  const answer = await desk.change({
    what: `Replay ${what}`,
    reason: sure.reason,
    send: (headers) => answerOf(desk.api.webhooks.replay.post(body, { headers })),
    tell: ({ id }) => `replay ${id} is on its way`,
  });
  if (answer.ok) await tellTheEnd(desk, answer.data.id);
}

/** @returns what would become of each delivery; null when it was called off */
async function dryRun(
  desk: Desk,
  choice: ReplayChoice,
  what: string,
): Promise<readonly ReplayItemView[] | null> {
  const body = { ...choice, dry_run: true, per_second: REPLAY_RATE_MAX };
  const ordered = await desk.change({
    what: `Dry run of ${what}`,
    isLook: true,
    send: (headers) => answerOf(desk.api.webhooks.replay.post(body, { headers })),
  });
  if (!ordered.ok) return null;
  const { id } = ordered.data;
  const title = `Dry run of ${what}`;
  const asked = desk.ask.choose({
    title,
    lines: progressLines(ordered.data),
    choices: [{ label: 'Call it off', value: 'off' }],
  });
  const looked = lookAt(desk, id, title);
  const found = await Promise.race([asked.then(() => null), looked]);
  if (found === null) {
    await stopReplay(desk, ordered.data);
    return null;
  }
  desk.store.set((state) => (state.dialog?.title === title ? { ...state, dialog: null } : state));
  if (found.ok) return found.data.items;
  desk.say(found.message, 'warn');
  return null;
}

/** Shows in the question how far it is. */
async function lookAt(desk: Desk, id: number, title: string): Promise<Answer<ReplayItems>> {
  const end = await untilOver(desk, id, (replay) => {
    const lines = progressLines(replay);
    desk.store.set((state) =>
      state.dialog?.title === title ? { ...state, dialog: { ...state.dialog, lines } } : state,
    );
  });
  return end.ok ? readItems(desk, id, REPLAY_DELIVERIES_MAX / PAGE_ROWS_MAX) : end;
}

function progressLines({ done, total }: ReplayView): Line[] {
  return [
    plain('What would become of each delivery. Nothing is changed.'),
    [span(bar(total === 0 ? 1 : done / total, 40), 'accent'), span(`  ${count(done)} of ${count(total)}`)],
  ];
}

async function untilOver(
  desk: Desk,
  id: number,
  tell: (replay: ReplayView) => void = () => {},
): Promise<Answer<ReplayView>> {
  for (;;) {
    const answer = await answerOf(desk.api.webhooks.replays({ id }).get());
    if (answer.ok) tell(answer.data);
    const isOver = answer.ok ? answer.data.state !== 'running' : !isUnanswered(answer);
    if (isOver) return answer;
    await Bun.sleep(ASKED_EVERY_MS);
  }
}

async function askRate(desk: Desk, many: number): Promise<number | null> {
  const chosen = await desk.ask.choose({
    title: `How fast, for ${deliveries(many)}?`,
    choices: RATES.map((perSecond) => ({
      label: `${perSecond}/s`,
      value: String(perSecond),
      hint: `${wholeTimeLeft((many / perSecond) * 1_000)}${perSecond === REPLAY_RATE_DEFAULT ? ', good beside a sale that goes on' : ''}`,
    })),
  });
  return chosen === null ? null : Number(chosen);
}

/** What nobody looked at one by one takes a word. */
function askSure(
  desk: Desk,
  isByFilter: boolean,
  items: readonly ReplayItemView[],
  what: string,
): Promise<Sure | null> {
  const changing = items.filter(({ changed }) => changed === true).length;
  const title = `Replay ${what}?`;
  const width = Math.min(QUESTION_COLUMNS, desk.store.get().columns - FRAME_COLUMNS);
  const lines: Line[] = [
    [
      span(
        `${count(changing)} of ${deliveries(items.length)} would change an order or a payment.`,
        changing > 0 ? 'warn' : 'dim',
      ),
    ],
    [],
    ...foreseenLines(items, LINES_SHOWN, width),
  ];
  if (!isByFilter && items.length <= CONFIRMED_MAX) {
    return desk.ask.withReason({ title, lines, verb: 'replay' });
  }
  return desk.ask.withReason({ title, lines, verb: 'replay them', word: `replay ${items.length}` });
}

/** However long that takes: the API goes on with it, whatever dies. */
async function tellTheEnd(desk: Desk, id: number): Promise<void> {
  const end = await untilOver(desk, id);
  if (!end.ok) {
    desk.say(`How replay ${id} goes on could not be read: ${end.message}`, 'warn');
    return;
  }
  const { state, total, done, changed, failed } = end.data;
  const tone = failed > 0 || state === 'stopped' ? 'warn' : 'good';
  const only = total === 1 ? await readItems(desk, id, 1) : null;
  const one = only?.ok === true ? only.data.items[0]?.says : undefined;
  const many = `${count(done)} of ${deliveries(total)}, ${count(changed)} changed something, ${count(failed)} failed`;
  desk.say(`Replay ${id} is ${state}: ${one ?? `${many}. tab shows each.`}`, tone);
}

export async function stopReplay(desk: Desk, { id, dry_run: isDry }: ReplayView): Promise<void> {
  await desk.change({
    what: `Stop ${isDry ? 'dry run' : 'replay'} ${id}`,
    send: (headers) => answerOf(desk.api.webhooks.replays({ id }).stop.post(undefined, { headers })),
    tell: ({ done, total }) =>
      `stopped after ${count(done)} of ${deliveries(total)}${isDry ? '' : '; what it did stays done'}`,
  });
}
