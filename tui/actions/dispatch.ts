/** From a key to what it does, in the place where the operator is. */

import type { Desk } from '../desk.ts';
import { answerByLetter } from '../dialogs/dialog-actions.ts';
import { typeIntoDialog } from '../dialogs/typing.ts';
import { edit, insert } from '../dialogs/text-input.ts';
import type { State } from '../state/state.ts';
import type { Press } from '../terminal/presses.ts';
import type { Action, Place } from './action.ts';
import { ACTIONS } from './registry.ts';
import { whyNot } from './why-not.ts';

/** Where keys work now, the nearest first. */
function placesOf(state: State): readonly Place[] {
  if (state.dialog !== null) return ['dialog'];
  if (state.helpTop !== null) return ['help'];
  if (state.palette !== null) return ['palette'];
  if (state.filterLine !== null) return ['filter'];
  return [state.room, 'list', 'everywhere'];
}

/** What can be done here, the nearest first. */
export function actionsOf(state: State): readonly Action[] {
  return placesOf(state).flatMap((place) =>
    ACTIONS.filter((action) => action.place === place && isOfView(action, state)),
  );
}

function isOfView({ views }: Action, state: State): boolean {
  return views === undefined || views.includes(state.views[state.room]);
}

export function perform(desk: Desk, action: Action, words = ''): void {
  const reason = whyNot(action, desk.store.get());
  if (reason !== null) {
    desk.say(reason, 'warn');
    return;
  }
  Promise.try(() => action.run(desk, words)).catch((fault: unknown) => desk.fail(action.title, fault));
}

export function press(desk: Desk, { name, text }: Press): void {
  const state = desk.store.get();
  const action = actionsOf(state).find(({ keys }) => keys.includes(name));
  if (action !== undefined) {
    perform(desk, action);
    return;
  }
  if (state.dialog === null || !answerByLetter(state.dialog, name)) type(desk, name, text);
}

/** Pasted text is only ever text. */
export function paste(desk: Desk, text: string): void {
  type(desk, '', text);
}

function type({ store }: Desk, name: string, text: string): void {
  store.set((state) => {
    if (state.dialog !== null) return { ...state, dialog: typeIntoDialog(state.dialog, name, text) };
    if (state.palette !== null) {
      const input = edit(state.palette.input, name) ?? insert(state.palette.input, text);
      return { ...state, palette: { input, selected: 0 } };
    }
    if (state.filterLine !== null) {
      return { ...state, filterLine: edit(state.filterLine, name) ?? insert(state.filterLine, text) };
    }
    return state;
  });
}
