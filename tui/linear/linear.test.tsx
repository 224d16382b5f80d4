/**
 * A walk through the terminal by ear: everything that an operator does is answered in words, and time alone says nothing.
 */

import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { createWorld, type World } from '@flash-sale/api/test/world.ts';
import { mountDesk, type MountedDesk } from '../test/desk.tsx';
import { openTcpLink, type TcpLink } from '../test/tcp-link.ts';

let world: World;
let link: TcpLink;
let desk: MountedDesk;
let heard = 0;

beforeAll(async () => {
  world = await createWorld({ workers: true });
  for (let sale = 1; sale <= 3; sale += 1) await world.sale({ allotment: sale * 10 });
  link = await openTcpLink(new URL(world.listening.opsUrl).origin);
  desk = mountDesk(world, { columns: 80, rows: 24, url: link.url, isLinear: true });
});
afterAll(async () => {
  desk.close();
  link.close();
  await world.close();
});

const PATIENCE_MS = 15_000;

/** What is said from the last time on, once it has in it what is waited for. */
async function says(sight: string | RegExp): Promise<string> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const said = desk.spoken().slice(heard);
    if (typeof sight === 'string' ? said.includes(sight) : sight.test(said)) {
      heard = desk.spoken().length;
      return said;
    }
    if (performance.now() > deadline) throw new Error(`listened for ${String(sight)}, but heard:\n${said}`);
    await Bun.sleep(5);
  }
}

const pressAndHear = async (sight: string | RegExp, ...keys: string[]) => {
  await desk.press(...keys);
  return says(sight);
};

describe('by ear', () => {
  test('the beginning tells where this is, and the first row once there is one', async () => {
    expect(await says('Lamp #3, live: 30 available')).toContain('Connected to test.');
  });

  test('moving tells the row, once', async () => {
    expect(await pressAndHear('Lamp #2', 'j')).toMatch(/^Lamp #2, live: 20 available.*\.\r\n$/);
    expect(await pressAndHear('Lamp #3', 'k')).toMatch(/^Lamp #3/);
    expect(await pressAndHear('Marked: Lamp #3', ' ', 'k')).toContain('Lamp #3');
    await pressAndHear('Lamp #3', 'escape');
  });

  test('a tab tells its list, and that it is empty', async () => {
    expect(await pressAndHear('Webhooks: ', '4')).toMatch(
      /0 rows\. Question mark tells the keys\.\r\n.+\r\n/,
    );
    await pressAndHear('Sales: ', '1');
  });

  test('a filter echoes what is typed, counts, and tells the row that is left', async () => {
    await pressAndHear('Filter: type it', '/');
    expect(await pressAndHear('id:2', 'id:2')).toBe('id:2');
    expect(await pressAndHear('Now: id:', 'backspace')).toContain('Now: id:');
    await pressAndHear('1', '1');
    expect(await pressAndHear('Lamp #1', 'enter')).toBe(
      '\r\n1 row of 3.\r\nLamp #1, live: 10 available, 0 held, 0 ordered, 0 paid, of 10.\r\n',
    );
    await pressAndHear('Lamp #3', 'escape');
  });

  test('the palette tells what enter would do', async () => {
    await pressAndHear('Command: type its name', ':');
    await pressAndHear('holds: Go to Holds', 'holds');
    await pressAndHear('Holds: ', 'enter');
    await pressAndHear('Sales: ', '1');
    await pressAndHear('Command', ':');
    await pressAndHear('Nothing is called that.', 'zzz');
    expect(await pressAndHear('Lamp #3', 'escape')).toMatch(/^Lamp #3/);
  });

  test('the help tells the keys, without drawing', async () => {
    const help = await pressAndHear('Quit', '?');
    expect(help).toContain('j ↓ Next row :list down');
    expect(help).not.toMatch(/ {2}|[\u2500-\u259f]/);
    await pressAndHear('Lamp #3', 'escape');
  });

  test('a question tells how it is answered, and what enter would say', async () => {
    const lines = [[{ text: 'From now on nobody gets a unit.' }]];
    const answer = desk.desk.ask.confirm({ title: 'Pause Lamp #3?', lines, verb: 'pause' });
    const said = await says('Press y to pause, n for nothing.');
    expect(said).toBe(
      'Pause Lamp #3?\r\nFrom now on nobody gets a unit.\r\nPress y to pause, n for nothing.\r\n',
    );
    await pressAndHear('Enter: pause.', 'tab');
    await pressAndHear('Enter: nothing is done.', 'tab');
    await pressAndHear('Lamp #3', 'enter');
    expect(await answer).toBe(false);
  });

  test('a question that asks why tells the way there and back, and what is typed', async () => {
    const answer = desk.desk.ask.withReason({ title: 'End Lamp #3?', verb: 'end it', word: 'lamp' });
    await says('Tab leads to why, which may stay empty.');
    await pressAndHear('Why: empty. Enter leads back.', 'tab');
    await pressAndHear('so', 'so');
    await pressAndHear('Type lamp and enter to end it: empty', 'enter');
    await pressAndHear('lamp', 'lamp');
    await pressAndHear('Lamp #3', 'enter');
    expect(await answer).toEqual({ reason: 'so' });
    const other = desk.desk.ask.withReason({ title: 'Halt Lamp #3?', verb: 'halt it' });
    await says('Tab leads to why, which may stay empty.');
    await pressAndHear('Why: empty. Enter leads back.', 'shift+tab');
    await pressAndHear('Enter: halt it.', 'enter');
    await pressAndHear('Lamp #3', 'enter');
    expect(await other).toEqual({ reason: '' });
  });

  test('a form tells each field, and what is wrong with it, each time enter is pressed', async () => {
    const check = (value: string) => (/^\d+$/.test(value) ? null : 'it must be a number.');
    const fields = ['Units', 'Limit'].map((label) => ({ name: label, label, hint: 'a number', check }));
    const answer = desk.desk.ask.form({ title: 'Units of Lamp #3', verb: 'save', fields });
    await says('Units: empty. a number');
    await pressAndHear('x', 'x');
    expect(await pressAndHear('Limit: empty', 'enter')).toContain('Units is not right: it must be a number.');
    expect(await pressAndHear('Units is not right', 'enter')).toContain('Units: x. a number');
    await pressAndHear('Now: empty', 'backspace');
    await pressAndHear('5', '5');
    await pressAndHear('Limit: empty', 'enter');
    expect(await pressAndHear('Limit is not right', 'enter')).not.toContain('Limit: empty');
    await pressAndHear('3', '3');
    await pressAndHear('Lamp #3', 'enter');
    expect(await answer).toEqual({ Units: '5', Limit: '3' });
  });

  test('what the terminal has to say is said', async () => {
    expect(await pressAndHear('Sort by a column first', 'S')).toBe('Sort by a column first, with s.\r\n');
  });

  test('what is on the screen is told when it is asked for', async () => {
    const said = await pressAndHear('Lamp #1', '.');
    expect(said).toContain('Rows 1 to 3 of 3.');
    expect(said).not.toMatch(/[\u2500-\u259f]/);
  });

  test('time alone says nothing, also where something counts down', async () => {
    await world.sale({ opensAt: new Date(Date.now() + 60_000) }, 'scheduled');
    // Two looks at the clock later, as the screen draws them.
    const drawn = desk.frames.get().localMs;
    const deadline = performance.now() + PATIENCE_MS;
    while (desk.frames.get().localMs < drawn + 2_500 && performance.now() < deadline) await Bun.sleep(20);
    expect(desk.spoken().slice(heard)).toBe('');
  });

  test('a connection that is lost is told once, and that it is back', async () => {
    link.cut();
    expect(await says('Not connected.')).toContain('the connection was cut');
    await says('Connected to test.');
  });
});
