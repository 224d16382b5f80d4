/** The line above the footer: the filter that is typed, what was just said, else where the list stands. */

import { inputLine } from '../dialogs/text-input.ts';
import { count, counted, wholeTimeLeft } from '../look/format.ts';
import { GLYPHS } from '../look/look.ts';
import { asManyAsFit, plain, span, spread, type Line } from '../look/span.ts';
import { cutTo, ended, safe } from '../look/text.ts';
import type { Frame } from '../state/frames.ts';
import { roomOf } from '../rooms/rooms.ts';
import { areRowsFresh, isFresh, listOf } from '../state/state.ts';
import type { View } from '../rooms/room.ts';
import type { ListState } from '../list/list-state.ts';
import type { Shown } from '../list/shown-rows.ts';
import type { Layout } from './layout.ts';

const TOAST_SIGNS = { good: GLYPHS.ok, warn: '!', info: '·' } as const;

export function statusLine(frame: Frame, view: View<unknown>, layout: Layout, width: number): Line {
  const { filterLine, toast } = frame.state;
  if (filterLine !== null) {
    const found = `  ${count(layout.shown.ids.length)} of ${count(layout.shown.total)} `;
    const grammar = ' text !text field:value field>3 ';
    const hint = filterLine.text.length + found.length + grammar.length + 4 > width ? found : found + grammar;
    const typed = inputLine(filterLine, width - hint.length - 2);
    return spread([span('/ ', 'accent'), ...typed], [span(hint, 'dim')], width);
  }
  if (toast !== null && toast.goneAtMs > frame.localMs) {
    const tone = toast.tone === 'info' ? undefined : toast.tone;
    return [span(` ${TOAST_SIGNS[toast.tone]} ${safe(toast.text)}`, tone)];
  }
  return areRowsFresh(frame.state, frame.localMs) ? listLine(frame, view, layout, width) : staleLine(frame);
}

/** What is shown is old, and says so, with what to do. */
function staleLine({ state, localMs }: Frame): Line {
  const { link, overviewAtMs } = state;
  const isTold = isFresh(state, localMs);
  const sinceMs = isTold ? overviewAtMs : link.heardAtMs;
  const old =
    sinceMs === null
      ? ''
      : ` What you see is ${counted(Math.floor((localMs - sinceMs) / 1_000), 'second')} old.`;
  const next =
    link.nextTryAtMs === null
      ? ''
      : ` Next try in ${wholeTimeLeft(link.nextTryAtMs - localMs)}; R tries now.`;
  const what = isTold
    ? 'The API cannot read its stores: is SQL well?'
    : link.kind === 'live'
      ? 'The API hears nothing of Redis.'
      : ended(safe(link.says) || 'Connecting');
  return [span(` ${GLYPHS.stale} ${what}${old}${next}`, 'warn', { inverse: true })];
}

/** Where tab leads, where there is more than one list. */
function nextViewWords({ state }: Frame): Line[] {
  const { views } = roomOf(state);
  const next = views[(views.findIndex(({ name }) => name === state.views[state.room]) + 1) % views.length];
  return views.length < 2 || next === undefined ? [] : [[span(`tab: ${next.title}`, 'dim')]];
}

function listLine(frame: Frame, view: View<unknown>, { shown, window }: Layout, width: number): Line {
  const list = listOf(frame.state);
  const at = shown.ids.length === 0 ? '0' : `${count(window.selected + 1)}/${count(shown.ids.length)}`;
  // What is most easily forgotten, and then acted on, comes first.
  const pieces: Line[] = [
    [span(` ${view.title}`, 'accent')],
    plain(at),
    ...(list.frozen === null
      ? []
      : [[span(`frozen, ${count(shown.arrived)} new; p goes on`, 'warn', { inverse: true })]]),
    ...(list.marks.size === 0 ? [] : [[span(marksWords(list, shown), 'accent')]]),
    ...(list.filter === '' ? [] : [[span(filterWords(list, shown), 'warn')]]),
    ...(list.sort === null ? [] : [[span(`by ${list.sort.column}`, 'dim')]]),
    ...nextViewWords(frame),
  ];
  return asManyAsFit(pieces, width);
}

/** What is marked and not shown is not acted on. */
function marksWords({ marks }: ListState, { ids }: Shown): string {
  const shown = ids.filter((id) => marks.has(id)).length;
  const hidden = marks.size - shown;
  return `${GLYPHS.mark} ${count(shown)} marked${hidden === 0 ? '' : `, ${count(hidden)} hidden`}`;
}

function filterWords({ filter }: ListState, { total }: Shown): string {
  return `filter ${cutTo(safe(filter), FILTER_WIDTH)} (${count(total)} in all)`;
}

const FILTER_WIDTH = 24;
