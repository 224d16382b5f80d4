/** The keys that work everywhere, and those of the help and the palette. */

import type { Action } from '../actions/action.ts';
import type { Desk } from '../desk.ts';
import { NO_TEXT } from '../dialogs/text-input.ts';
import { ROOMS } from '../rooms/rooms.ts';
import { ROOM_NAMES, withRoom, type RoomName } from '../state/state.ts';

const here = { place: 'everywhere', does: 'looks' } as const;

function enter(desk: Desk, room: RoomName): void {
  desk.store.set((state) => withRoom(state, room));
  desk.reload();
}

function turn(desk: Desk, by: number): void {
  const at = ROOM_NAMES.indexOf(desk.store.get().room);
  enter(desk, ROOM_NAMES.at((at + by + ROOM_NAMES.length) % ROOM_NAMES.length) ?? 'sales');
}

const ROOM_ACTIONS = ROOMS.map(({ name, title }, index): Action => ({
  ...here,
  id: name,
  keys: [String(index + 1)],
  title: `Go to ${title}`,
  run: (desk) => enter(desk, name),
}));

const WALKS: readonly Action[] = [
  { ...here, id: 'tab.next', keys: [']', 'right'], title: 'Next tab', run: (desk) => turn(desk, 1) },
  { ...here, id: 'tab.previous', keys: ['[', 'left'], title: 'Previous tab', run: (desk) => turn(desk, -1) },
  {
    ...here,
    id: 'tab.back',
    keys: ['-'],
    title: 'Where you were before',
    run: (desk) => enter(desk, desk.store.get().roomBefore),
  },
];

const TERMINAL: readonly Action[] = [
  {
    ...here,
    id: 'help',
    keys: ['?'],
    title: 'What can be done here',
    hint: 'help',
    run: ({ store }) => store.set((state) => ({ ...state, helpTop: 0 })),
  },
  {
    ...here,
    id: 'palette',
    keys: [':', 'ctrl+p'],
    title: 'Do something by its name',
    hint: 'command',
    run: ({ store }) => store.set((state) => ({ ...state, palette: { input: NO_TEXT, selected: 0 } })),
  },
  {
    ...here,
    id: 'reload',
    keys: ['R'],
    title: 'Read everything anew, and connect now when the link is down',
    run: (desk) => {
      desk.reconnect();
      desk.reload();
    },
  },
  {
    ...here,
    id: 'mouse',
    keys: ['M'],
    title: 'Mouse on and off; while it is on, shift selects text',
    run: (desk) => desk.toggleMouse(),
  },
  { ...here, id: 'redraw', keys: ['ctrl+l'], title: 'Draw the screen anew', run: (desk) => desk.redraw() },
  {
    ...here,
    id: 'suspend',
    keys: ['ctrl+z'],
    title: 'Back to the shell; fg comes back here',
    reason: ({ context }) =>
      context.ownsStack ? 'This command serves the sale too, which would stop. Open another shell.' : null,
    run: (desk) => desk.suspend(),
  },
  {
    ...here,
    id: 'recite',
    keys: ['.'],
    title: 'Say the rows of the screen',
    reason: (state) =>
      state.isLinear ? null : 'This is for linear mode, where rows are sentences: --linear.',
    run: (desk) => desk.recite(),
  },
  { ...here, id: 'quit', keys: ['q', 'ctrl+c'], title: 'Quit', hint: 'quit', run: (desk) => desk.quit() },
];

export const FRAME_ACTIONS: readonly Action[] = [...ROOM_ACTIONS, ...WALKS, ...TERMINAL];

export const HELP_ACTIONS: readonly Action[] = [
  {
    place: 'help',
    does: 'looks',
    id: 'help.close',
    keys: ['escape', '?', 'q', 'enter', 'ctrl+c'],
    title: 'Close the help',
    hint: 'close',
    run: ({ store }) => store.set((state) => ({ ...state, helpTop: null })),
  },
  {
    place: 'help',
    does: 'looks',
    id: 'help.down',
    keys: ['j', 'down', 'space', 'pagedown'],
    title: 'Further down',
    hint: 'down',
    run: (desk) => desk.scrollHelp(5),
  },
  {
    place: 'help',
    does: 'looks',
    id: 'help.up',
    keys: ['k', 'up', 'pageup'],
    title: 'Back up',
    hint: 'up',
    run: (desk) => desk.scrollHelp(-5),
  },
];
