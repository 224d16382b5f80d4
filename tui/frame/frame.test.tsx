/** The lines around the lists: as wide as the screen at most, with what matters most where it is narrow. */

import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { createWorld, type World } from '@flash-sale/api/test/world.ts';
import fc from 'fast-check';
import { actionsOf } from '../actions/dispatch.ts';
import { ACTIONS } from '../actions/registry.ts';
import { textInput } from '../dialogs/text-input.ts';
import { NEW_LIST } from '../list/list-state.ts';
import { fitLine, lineWidth, textOf } from '../look/span.ts';
import { viewOf } from '../rooms/rooms.ts';
import type { Frame } from '../state/frames.ts';
import { preflight } from '../sales/preflight.ts';
import { saleRows } from '../sales/sale-row.ts';
import { areRowsFresh, listName, ROOM_NAMES, type State } from '../state/state.ts';
import { mountDesk, type MountedDesk } from '../test/desk.tsx';
import { footerLine } from './footer.ts';
import { headerLine, tabsLine } from './header.ts';
import { helpWindow } from './help.ts';
import { layoutOf } from './layout.ts';
import { click } from './mouse.ts';
import { statusLine } from './status.ts';

let world: World;
let desk: MountedDesk;
beforeAll(async () => {
  world = await createWorld({ workers: true });
  for (let sale = 1; sale <= 9; sale += 1) await world.sale({ allotment: sale * 10 });
  desk = mountDesk(world, { columns: 80, rows: 24 });
  await desk.waitFor('Lamp #9');
  await desk.waitFor(/Redis/);
});
afterAll(async () => {
  desk.close();
  await world.close();
});

const anyState = fc
  .record({
    room: fc.constantFrom(...ROOM_NAMES),
    columns: fc.constantFrom(40, 60, 80, 120, 200),
    isReadOnly: fc.boolean(),
    name: fc.constantFrom('prod', 'a context with quite a long name, longer than anybody needs', '界界界'),
    toast: fc.option(fc.constantFrom('short', 'long '.repeat(60), '\x1b[31mred\n')),
    typed: fc.option(fc.constantFrom('', 'lamp', 'x'.repeat(300))),
    filter: fc.constantFrom('', 'lamp', 'y'.repeat(300)),
    kind: fc.constantFrom('live', 'connecting', 'refused'),
    ageMs: fc.constantFrom(0, 5_000, 10_000_000),
  })
  .map(({ room, columns, isReadOnly, name, toast, typed, filter, kind, ageMs }) => (frame: Frame): Frame => {
    const state: State = {
      ...frame.state,
      room,
      columns,
      me: { name: 'somebody with a name', role: 'admin' },
      context: { ...frame.state.context, isReadOnly, name },
      toast: toast === null ? null : { text: toast, tone: 'good', goneAtMs: frame.localMs + 1 },
      filterLine: typed === null ? null : textInput(typed),
      link: {
        kind,
        says: 'why '.repeat(30),
        heardAtMs: frame.localMs - ageMs,
        nextTryAtMs: frame.localMs + 99,
      },
    };
    const list = { ...NEW_LIST, filter, marks: new Set(['1', '77']) };
    return { ...frame, state: { ...state, lists: { [listName(state)]: list } } };
  });

test('no line is wider than the screen when it is drawn, and none is cut of what fits', () => {
  fc.assert(
    fc.property(anyState, (change) => {
      const frame = change(desk.desk.frame());
      const { state } = frame;
      const { columns } = state;
      const view = viewOf(state);
      const lines = [
        headerLine(frame, columns),
        tabsLine(state, columns),
        footerLine(actionsOf(state), state, columns),
      ];
      for (const line of lines) expect(lineWidth(line)).toBeLessThanOrEqual(columns);
      const status = fitLine(statusLine(frame, view, layoutOf(frame, view), columns), columns);
      expect(textOf(status)).not.toMatch(/\p{Cc}/u);
      if (state.filterLine !== null) {
        // The cursor is seen, and how many rows there are.
        expect(status.some(({ inverse }) => inverse === true)).toBe(true);
        expect(textOf(status)).toMatch(/\d of \d/);
      }
      if (columns >= 80) expect(textOf(lines[0] ?? [])).toMatch(/live|stale|connecting|refused|longer than/);
    }),
  );
});

test('where it is narrow the header still tells the context, that it is read-only, and how fresh it is', () => {
  const frame = desk.desk.frame();
  const context = { ...frame.state.context, name: 'prod', isReadOnly: true };
  const header = textOf(headerLine({ ...frame, state: { ...frame.state, context } }, 40));
  expect(header).toMatch(/^ prod {3}⊘ read-only {2}● live .*\d\d:\d\d $/);
});

test('what is easily forgotten, and then acted on, is told first below the list', () => {
  const frame = desk.desk.frame();
  const list = { ...NEW_LIST, filter: 'y'.repeat(300), marks: new Set(['1', '77']), frozen: [] };
  const state = { ...frame.state, toast: null, lists: { [listName(frame.state)]: list } };
  const said = (columns: number) => {
    const changed = { ...frame, state: { ...state, columns } };
    const view = viewOf(changed.state);
    return textOf(statusLine(changed, view, layoutOf(changed, view), columns));
  };
  expect(said(60)).toBe(' Sales  0  frozen, 0 new; p goes on  ● 0 marked, 2 hidden');
  expect(said(120)).toContain('● 0 marked, 2 hidden  filter yyyyyyyyyyyyyyyyyyyyyyy… (0 in all)');
});

describe('help', () => {
  test('has every key that works in each room, with its command', () => {
    for (const room of ROOM_NAMES) {
      const state = { ...desk.desk.store.get(), room, columns: 200, rows: 400 };
      const { lines, isLong } = helpWindow(actionsOf(state), state);
      expect(isLong).toBe(false);
      const said = lines.map(textOf).join(' ').replaceAll(/\s+/g, ' ');
      const here = ACTIONS.filter(
        ({ place }) => place === room || place === 'list' || place === 'everywhere',
      );
      for (const action of actionsOf(state)) {
        expect(here).toContain(action);
        expect(said).toContain(action.title);
        expect(said).toContain(`:${action.id.replaceAll(/[._]/g, ' ')}`);
      }
    }
  });

  test('scrolls to its last line and no further, and back at once', async () => {
    await desk.press('?');
    const top = await desk.waitFor('Keys (j and k move)');
    await desk.press('j'.repeat(40));
    await desk.waitFor(':quit');
    const { helpTop } = desk.desk.store.get();
    await desk.press('k');
    expect(desk.desk.store.get().helpTop).toBe((helpTop ?? 0) - 5);
    await desk.press('k'.repeat(40));
    expect(await desk.waitFor('Keys (j and k move)')).toBe(top);
    await desk.press('escape');
  });
});

describe('a click', () => {
  const at = (text: string) => {
    const rows = desk.screen().split('\n');
    const row = rows.findIndex((line) => line.includes(text));
    return { kind: 'press' as const, row, column: rows[row]?.indexOf(text) ?? -1 };
  };
  const selected = () => {
    const frame = desk.desk.frame();
    const { shown, window } = layoutOf(frame, viewOf(frame.state));
    return shown.ids[window.selected];
  };

  test('selects the row that it is on: cards, with and without lines above, and columns', async () => {
    for (const size of [
      { columns: 80, rows: 24 },
      { columns: 60, rows: 12 },
      { columns: 160, rows: 30 },
    ]) {
      desk.resize(size);
      await desk.waitFor('Lamp #8');
      await desk.drawn();
      const seen = [...desk.screen().matchAll(/Lamp #(\d)/g)].map(([, id = '']) => id);
      expect(seen.length).toBeGreaterThan(1);
      for (const id of seen.toReversed()) {
        click(desk.desk, at(`Lamp #${id}`));
        expect(selected(), `${size.columns}x${size.rows}`).toBe(id);
      }
    }
    desk.resize({ columns: 80, rows: 24 });
    await desk.drawn();
  });

  test('goes to the tab that it is on, whatever is counted there', async () => {
    await desk.waitFor(/1 Sales 9 .*2 Holds \d/);
    for (const [tab, room] of [
      ['2 Holds', 'holds'],
      ['3 Orders', 'orders'],
      ['1 Sales', 'sales'],
      ['5 Activity', 'activity'],
      ['1 Sales', 'sales'],
    ] as const) {
      // A count that comes in moves the tabs after it: what is clicked is what is drawn.
      await desk.drawn();
      click(desk.desk, at(tab));
      expect(desk.desk.store.get().room).toBe(room);
      await desk.waitFor(tab);
    }
    const badge = at('1 Sales 9');
    click(desk.desk, { ...badge, column: badge.column + '1 Sales '.length });
    expect(desk.desk.store.get().room).toBe('sales');
  });

  test('does nothing behind a box, and a wheel answers no question', async () => {
    const before = selected();
    const other = at(before === '9' ? 'Lamp #8' : 'Lamp #9');
    await desk.press('?');
    click(desk.desk, other);
    await desk.press('escape');
    expect(selected()).toBe(before);
    const answer = desk.desk.ask.confirm({ title: 'Sure?', verb: 'do it' });
    for (let turn = 0; turn < 3; turn += 1) click(desk.desk, { kind: 'wheel-down', row: 5, column: 5 });
    await desk.press('enter');
    expect(await answer).toBe(false);
  });
});

test('too small a screen says so, and how large it must be', async () => {
  desk.resize({ columns: 30, rows: 6 });
  await desk.waitFor(/30x6 is too small: at least\n40x8, please\./);
  desk.resize({ columns: 80, rows: 24 });
  await desk.waitFor('Lamp #9');
});

test('in a read-only context the padlock is seen, what changes is crossed out, and its key says why', async () => {
  const context = { name: 'prod', isReadOnly: true };
  const careful = mountDesk(world, { columns: 120, rows: 24, context });
  try {
    await careful.waitFor('Lamp #9');
    await careful.waitFor(/prod {3}⊘ read-only/);
    const screen = await careful.waitFor('n new ×');
    expect(screen).toContain('d details');
    await careful.press('n');
    await careful.waitFor('prod is read-only here. Start with --write to change things.');
    expect(careful.desk.store.get().dialog).toBeNull();
    await careful.press('?');
    const help = await careful.waitFor(':sale new  ×');
    expect(help.split('prod is read-only here')).toHaveLength(2);
  } finally {
    careful.close();
  }
});

test('while the stores cannot be read, nothing says that they are well, and what they held looks old', () => {
  const frame = desk.desk.frame();
  const old = { ...frame.state, toast: null, filterLine: null, overviewAtMs: frame.localMs - 12_300 };
  const said = (state: State) => {
    const now = { ...frame, state };
    const view = viewOf(state);
    return textOf(statusLine(now, view, layoutOf(now, view), 120));
  };
  const header = textOf(headerLine({ ...frame, state: old }, 120));
  expect(header).toContain('! stores silent for 0:13');
  expect(header).not.toMatch(/✓|Redis|SQL/);
  expect(areRowsFresh(old, frame.localMs)).toBe(false);
  expect(said(old)).toContain('The API cannot read its stores: is SQL well? What you see is 12 seconds old.');
  // Holds are told, not read.
  expect(areRowsFresh({ ...old, room: 'holds' }, frame.localMs)).toBe(true);
  const sale = saleRows(old)[0];
  if (sale === undefined) throw new Error('There is no sale.');
  expect(preflight({ ...frame, state: old }, sale)[0]).toMatchObject({ name: 'stores', verdict: 'no' });
});
