/**
 * The list of actions is what keys, footer, help, commands and documentation are made of: what is wrong in it is wrong everywhere.
 */

import { describe, expect, test } from 'bun:test';
import { OPERATOR_ROLES } from '@flash-sale/shared/lifecycle.ts';
import type { Key } from 'ink';
import { find } from '../frame/palette.ts';
import { ROOMS, roomOf } from '../rooms/rooms.ts';
import { initialState } from '../state/initial-state.ts';
import { ROOM_NAMES, type RoomName, type State } from '../state/state.ts';
import { presses } from '../terminal/presses.ts';
import { PLACES, type Action } from './action.ts';
import { actionsOf } from './dispatch.ts';
import { ACTIONS } from './registry.ts';
import { whyNot } from './why-not.ts';

const context = { name: 'prod', url: '', color: null, isReadOnly: false, ownsStack: false };
const START = initialState({ context, columns: 80, rows: 24, isReducedMotion: false, isLinear: false });
const CHANGES = ACTIONS.filter(({ does }) => does === 'changes');

/** Each list of each room. */
const VIEWS: readonly State[] = ROOMS.flatMap(({ name, views }) =>
  views.map((view) => ({ ...START, room: name, views: { ...START.views, [name]: view.name } })),
);

describe('the list of actions', () => {
  test('names each action once, and each place that it is in exists', () => {
    const ids = ACTIONS.map(({ id }) => id);
    expect(ids).toEqual([...new Set(ids)]);
    const places: readonly string[] = [...PLACES, ...ROOM_NAMES];
    for (const { id, place, keys, title } of ACTIONS) {
      expect(id).toMatch(/^[a-z]+([._][a-z]+)*$/);
      expect(places).toContain(place);
      expect(keys.length, id).toBeGreaterThan(0);
      expect(title, id).toMatch(/^[A-Z]/);
    }
  });

  test('has no key twice in one place', () => {
    for (const state of VIEWS) {
      const here = actionsOf(state);
      for (const place of new Set(here.map((action) => action.place))) {
        const keys = here.filter((action) => action.place === place).flatMap((action) => action.keys);
        expect(keys, `${state.room} ${place}`).toEqual([...new Set(keys)]);
      }
    }
    for (const place of ['filter', 'palette', 'help', 'dialog']) {
      const keys = ACTIONS.filter((action) => action.place === place).flatMap((action) => action.keys);
      expect(keys, place).toEqual([...new Set(keys)]);
    }
  });

  test('hides no key of every list, or of everywhere, behind one of a room, but those that go into a row', () => {
    const mayBeHidden = new Set(['enter', 'right', 'left']);
    for (const state of VIEWS) {
      const keysOf = (isOfRoom: boolean) =>
        actionsOf(state)
          .filter(({ place }) => (place === state.room) === isOfRoom)
          .flatMap(({ keys }) => keys);
      const general = keysOf(false).filter((key) => !mayBeHidden.has(key));
      expect(
        keysOf(true).filter((key) => general.includes(key)),
        state.room,
      ).toEqual([]);
      expect(general).toEqual([...new Set(general)]);
    }
  });

  test('names only views that the room has', () => {
    for (const { id, place, views = [] } of ACTIONS) {
      const room = ROOMS.find(({ name }) => name === place);
      const names = room?.views.map(({ name }) => name) ?? [];
      for (const view of views) expect(names, id).toContain(view);
    }
  });

  test('is found by its command, in every room', () => {
    for (const state of VIEWS) {
      for (const action of actionsOf(state)) {
        const command = action.id.replaceAll(/[._]/g, ' ');
        expect(find(actionsOf(state), command)[0]?.action.id).toBe(action.id);
      }
    }
  });
});

/** What a terminal can send, through Ink. */
function canBePressed(name: string): boolean {
  const none = {} as Key;
  const named: Readonly<Record<string, Partial<Key>>> = {
    up: { upArrow: true },
    down: { downArrow: true },
    left: { leftArrow: true },
    right: { rightArrow: true },
    pageup: { pageUp: true },
    pagedown: { pageDown: true },
    home: { home: true },
    end: { end: true },
    enter: { return: true },
    escape: { escape: true },
    tab: { tab: true },
    'shift+tab': { tab: true, shift: true },
    backspace: { backspace: true },
    delete: { delete: true },
  };
  const key = named[name];
  const control = /^ctrl\+([a-z])$/.exec(name)?.[1];
  const sent =
    key !== undefined
      ? presses('', { ...none, ...key })
      : control !== undefined
        ? presses(control, { ...none, ctrl: true })
        : presses(name === 'space' ? ' ' : name, none);
  return sent.length === 1 && sent[0]?.name === name;
}

test('every key is one that a terminal can send', () => {
  for (const { id, keys } of ACTIONS) {
    for (const key of keys) expect(canBePressed(key), `${id}: ${key}`).toBe(true);
  }
});

describe('who may not change anything', () => {
  test('is told so by every action that changes something, in a read-only context', () => {
    expect(CHANGES.length).toBeGreaterThan(5);
    const state = { ...START, context: { ...context, isReadOnly: true } };
    for (const action of CHANGES) {
      expect(whyNot(action, state), action.id).toContain('prod is read-only here');
    }
  });

  test('is told so by every action that needs more than the role has', () => {
    for (const role of OPERATOR_ROLES) {
      const state: State = { ...START, me: { name: 'eve', role } };
      for (const action of CHANGES) {
        const needed = action.role ?? 'operator';
        const isEnough = OPERATOR_ROLES.indexOf(role) >= OPERATOR_ROLES.indexOf(needed);
        const reason = whyNot(action, state) ?? '';
        expect(reason.includes(`needs the role ${needed}; eve is ${role}`), action.id).toBe(!isEnough);
      }
    }
  });

  test('can look at everything', () => {
    const state: State = {
      ...START,
      context: { ...context, isReadOnly: true },
      me: { name: 'eve', role: 'viewer' },
    };
    for (const action of ACTIONS.filter(({ does }) => does === 'looks')) {
      expect(whyNot(action, state) ?? '', action.id).not.toMatch(/read-only|needs the role/);
    }
  });
});

test('a reason says what to do, and never fails where there is nothing', () => {
  for (const state of VIEWS) {
    for (const action of actionsOf(state)) {
      const reason = whyNot(action, state);
      if (reason !== null) expect(reason, action.id).toMatch(/^.{10,}[.!]$/s);
    }
  }
});

test('the list that a room shows first is its own', () => {
  for (const room of ROOM_NAMES) {
    const state = { ...START, room: room satisfies RoomName };
    expect(roomOf(state).views[0]?.name).toBe(state.views[room]);
  }
});

const asAction = (id: string, title: string, more: Partial<Action> = {}): Action => ({
  id,
  title,
  keys: ['x'],
  place: 'everywhere',
  does: 'looks',
  run: () => {},
  ...more,
});

describe('a command is found', () => {
  const actions = [
    asAction('tab.back', 'Where you were'),
    asAction('sale.launch', 'Start selling'),
    asAction('launch', 'Launch'),
    asAction('list.filter', 'Filter', { takes: 'a filter' }),
    asAction('hold.release', 'Give its units back'),
  ];
  const found = (text: string) => find(actions, text).map(({ action }) => action.id);

  test('by its whole name first, then its beginning, a part, its title, its letters', () => {
    expect(found('launch')).toEqual(['launch', 'sale.launch']);
    expect(found('hold')).toEqual(['hold.release']);
    expect(found('BACK')).toEqual(['tab.back', 'hold.release']);
    expect(found('hrl')).toEqual(['hold.release']);
    expect(found('')).toHaveLength(actions.length);
    expect(found('nothing like it')).toEqual([]);
  });

  test('with the words after its name as they were typed', () => {
    expect(find(actions, ' list filter  Red Lamp ')[0]).toMatchObject({ words: 'Red Lamp' });
    expect(find(actions, 'list filter')[0]).toMatchObject({ words: '' });
  });
});
