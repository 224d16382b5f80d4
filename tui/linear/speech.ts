/** What changed from one frame to the next, in words: for who listens to the terminal instead of looking at it. */

import { actionsOf } from '../actions/dispatch.ts';
import { faultOf, type Dialog, type Field, type Form } from '../dialogs/dialog.ts';
import type { Why } from '../dialogs/why.ts';
import { helpLines } from '../frame/help.ts';
import { layoutOf } from '../frame/layout.ts';
import { commandOf, find, selectedOf } from '../frame/palette.ts';
import { counted } from '../look/format.ts';
import { textOf } from '../look/span.ts';
import { ended, safe } from '../look/text.ts';
import { roomOf, viewOf } from '../rooms/rooms.ts';
import type { Frame } from '../state/frames.ts';
import { isFresh, isOverviewFresh, listOf, type State } from '../state/state.ts';

/** `echo`: what was typed, in the line that is being typed. */
export interface Utterance {
  readonly kind: 'line' | 'echo';
  readonly text: string;
}

/** Bars and frames are for who looks. */
const DRAWN = /[\u2500-\u259f\s]+/g;

const line = (text: string): Utterance => ({ kind: 'line', text: safe(text).replaceAll(DRAWN, ' ').trim() });

/** Nothing is said because time passes: a countdown is told when it is asked for. */
export function speak(before: Frame | null, after: Frame): Utterance[] {
  const { state } = after;
  const was = before?.state;
  return [
    ...ifChanged(linkWords(before), linkWords(after)),
    ...(state.toast !== null && state.toast !== was?.toast ? [line(state.toast.text)] : []),
    ...(state.dialog !== null ? sayDialog(was?.dialog ?? null, state.dialog) : []),
    ...(state.helpTop !== null && was?.helpTop === null ? sayHelp(state) : []),
    ...sayPalette(was, state),
    ...sayFilter(was, after),
    ...(isQuiet(state) ? sayPlace(before, after) : []),
  ].filter(({ text }) => text !== '');
}

/** All rows that a screen would show. */
export function recite(frame: Frame): Utterance[] {
  const view = viewOf(frame.state);
  const { shown, window } = layoutOf(frame, view);
  if (shown.rows.length === 0) return [line(view.empty(frame.state))];
  const rows = shown.rows.slice(window.first, window.end);
  return [
    ...(view.above?.(frame, frame.state.columns) ?? []).map((above) => line(textOf(above))),
    line(`Rows ${window.first + 1} to ${window.end} of ${shown.rows.length}.`),
    ...rows.map((row) => line(view.sentence(frame, row))),
  ];
}

function ifChanged(before: string, after: string): Utterance[] {
  return before === after ? [] : [line(after)];
}

function linkWords(frame: Frame | null): string {
  if (frame === null) return '';
  const { link, context } = frame.state;
  if (link.kind === 'live') {
    if (!isFresh(frame.state, frame.localMs)) {
      return 'What is said may be old: the API hears nothing of Redis.';
    }
    return isOverviewFresh(frame.state, frame.localMs)
      ? `Connected to ${context.name}.`
      : 'What is said of sales may be old: the API cannot read its stores.';
  }
  return link.kind === 'refused'
    ? `Refused. ${link.says}`
    : link.heardAtMs === null
      ? 'Connecting.'
      : `Not connected. ${link.says}`;
}

/** While a question or a command is open, the list stays silent. */
function isQuiet({ dialog, helpTop, palette, filterLine }: State): boolean {
  return dialog === null && helpTop === null && palette === null && filterLine === null;
}

function sayPlace(before: Frame | null, after: Frame): Utterance[] {
  const was = before?.state;
  const { state } = after;
  const view = viewOf(state);
  const { shown, window } = layoutOf(after, view);
  const row = shown.rows[window.selected];
  const isElsewhere = was === undefined || was.room !== state.room || viewOf(was) !== view;
  const isFilled = !isElsewhere && before !== null && selectedId(before) === undefined && row !== undefined;
  const said: Utterance[] = isElsewhere
    ? [
        line(
          `${roomOf(state).title}: ${view.title}, ${counted(shown.rows.length, 'row')}. Question mark tells the keys.`,
        ),
      ]
    : [];
  const id = shown.ids[window.selected];
  if (row === undefined) return isElsewhere ? [...said, line(view.empty(state))] : said;
  const isMarked = id !== undefined && listOf(state).marks.has(id);
  const wasMarked = id !== undefined && was !== undefined && listOf(was).marks.has(id);
  // Whoever comes back from a question hears where that is.
  const isBack = was !== undefined && !isQuiet(was);
  const isOther =
    isElsewhere ||
    isFilled ||
    isBack ||
    (was !== undefined && listOf(was) !== listOf(state) && selectedId(before) !== id);
  if (isOther || isMarked !== wasMarked) {
    said.push(line(`${isMarked ? 'Marked: ' : ''}${ended(view.sentence(after, row))}`));
  }
  if (state.details[state.room] !== 'closed' && was?.details[state.room] === 'closed') {
    said.push(...view.detail(after, row, state.columns).map((detail) => line(textOf(detail))));
  }
  return said;
}

function selectedId(frame: Frame | null): string | undefined {
  if (frame === null) return undefined;
  const { shown, window } = layoutOf(frame, viewOf(frame.state));
  return shown.ids[window.selected];
}

function sayHelp(state: State): Utterance[] {
  return helpLines(actionsOf({ ...state, helpTop: null }), state, Infinity).map((help) => line(textOf(help)));
}

function sayPalette(was: State | undefined, { palette, ...state }: State): Utterance[] {
  if (palette === null) return [];
  const before = was?.palette ?? null;
  if (before === null) return [line('Command: type its name, tab goes on, enter does it, escape closes.')];
  const actions = actionsOf({ ...state, palette: null });
  const nameOf = (shown: typeof palette) => {
    const all = find(actions, shown.input.text);
    const found = all[selectedOf(all, shown)]?.action;
    return found === undefined ? 'Nothing is called that.' : `${commandOf(found)}: ${found.title}`;
  };
  const echo = echoOf(before.input.text, palette.input.text);
  return nameOf(before) === nameOf(palette) ? echo : [...echo, line(nameOf(palette))];
}

function sayFilter(was: State | undefined, after: Frame): Utterance[] {
  const { filterLine } = after.state;
  const before = was?.filterLine ?? null;
  if (filterLine !== null) {
    if (before === null) return [line('Filter: type it, then enter; escape shows all.')];
    return echoOf(before.text, filterLine.text);
  }
  if (before === null || was?.room !== after.state.room) return [];
  const { shown } = layoutOf(after, viewOf(after.state));
  return [line(`${counted(shown.rows.length, 'row')} of ${shown.total}.`)];
}

function echoOf(before: string, after: string): Utterance[] {
  if (before === after) return [];
  return after.startsWith(before)
    ? [{ kind: 'echo', text: safe(after.slice(before.length)) }]
    : [line(`Now: ${after || 'empty'}`)];
}

function sayDialog(was: Dialog | null, now: Dialog): Utterance[] {
  const isNew = was?.kind !== now.kind || was.title !== now.title || was.lines !== now.lines;
  const opening = isNew ? [line(ended(now.title)), ...now.lines.map((said) => line(textOf(said)))] : [];
  switch (now.kind) {
    case 'confirm':
      if (isNew) return [...opening, line(`Press y to ${now.verb}, n for nothing.`), ...tellWhy(now.why)];
      if (was?.kind === 'confirm' && now.why?.isFocused === true) return sayWhy(was.why, now.why);
      return was?.kind === 'confirm' &&
        (was.isYesFocused !== now.isYesFocused || was.why?.isFocused !== now.why?.isFocused)
        ? [line(now.isYesFocused ? `Enter: ${now.verb}.` : 'Enter: nothing is done.')]
        : [];
    case 'typed':
      if (isNew) {
        return [
          ...opening,
          line(`Type ${now.word} and enter to ${now.verb}; escape for nothing.`),
          ...tellWhy(now.why),
        ];
      }
      if (was?.kind !== 'typed') return [];
      if (now.why?.isFocused === true) return sayWhy(was.why, now.why);
      return was.why?.isFocused === true
        ? [line(`Type ${now.word} and enter to ${now.verb}: ${now.input.text || 'empty'}`)]
        : echoOf(was.input.text, now.input.text);
    case 'choose': {
      const choice = now.choices[now.selected];
      const isOther = isNew || (was?.kind === 'choose' && was.selected !== now.selected);
      return isOther ? [...opening, line(`${choice?.label ?? ''} ${choice?.hint ?? ''}`)] : opening;
    }
    case 'form':
      return [...opening, ...sayField(was?.kind === 'form' && !isNew ? was : null, now)];
    case 'countdown': {
      const seconds = Math.ceil((now.endsAtMs - performance.now()) / 1_000);
      return isNew
        ? [...opening, line(`In ${seconds} seconds. Press n so that it does not happen.`)]
        : opening;
    }
  }
}

function tellWhy(why: Why | null): Utterance[] {
  return why === null ? [] : [line('Tab leads to why, which may stay empty.')];
}

function sayWhy(was: Why | null, { input }: Why): Utterance[] {
  return was?.isFocused === true
    ? echoOf(was.input.text, input.text)
    : [line(`Why: ${input.text || 'empty'}. Enter leads back.`)];
}

function sayField(was: Form | null, now: Form): Utterance[] {
  const field = now.fields[now.focused];
  if (field === undefined) return [];
  const text = now.inputs[field.name]?.text ?? '';
  if (was?.focused !== now.focused) {
    const choices =
      field.choices === undefined ? '' : ` One of ${field.choices.join(', ')}; left and right choose.`;
    return [
      ...(was === null || now.wasTried ? [] : sayFault(now, was.fields[was.focused])),
      line(`${field.label}: ${text || 'empty'}. ${field.hint}${choices}`),
      ...(now.wasTried ? sayFault(now, field) : []),
    ];
  }
  const before = was.inputs[field.name]?.text ?? '';
  // Enter was pressed, and the form stays: there is a reason.
  if (before === text && was !== now && now.wasTried) return sayFault(now, field);
  return field.choices === undefined ? echoOf(before, text) : ifChanged(before, text);
}

function sayFault(form: Form, field: Field | undefined): Utterance[] {
  const fault = field === undefined ? null : faultOf(form, field);
  return fault === null || field === undefined ? [] : [line(`${field.label} is not right: ${fault}`)];
}
