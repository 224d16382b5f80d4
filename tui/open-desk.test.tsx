/** What the terminal promises about changes and about freshness, over a network that fails. */

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { ops } from '@flash-sale/api/test/client.ts';
import { until } from '@flash-sale/api/test/until.ts';
import { BOOTSTRAP_TOKEN, createWorld, type World } from '@flash-sale/api/test/world.ts';
import { isAct } from './activity/journal.ts';
import { answerOf, connectApi } from './api.ts';
import { mountDesk, type MountedDesk } from './test/desk.tsx';
import { openTcpLink, type TcpLink } from './test/tcp-link.ts';

let world: World;
let link: TcpLink;
let desk: MountedDesk;

beforeAll(async () => {
  world = await createWorld({ workers: true });
  await world.sale();
  link = await openTcpLink(new URL(world.listening.opsUrl).origin);
});
afterAll(async () => {
  link.close();
  await world.close();
});
beforeEach(async () => {
  desk = mountDesk(world, { columns: 100, rows: 24, url: link.url, isColoured: true });
  await desk.waitFor(/● live.*Redis/);
  await desk.waitFor('Lamp #1');
});
afterEach(() => {
  link.setAway(false);
  desk.close();
});

let sends = 0;
const makeProduct = (name: string, price = 5) =>
  desk.desk.change({
    what: `New product ${name}`,
    send: (headers) => {
      sends += 1;
      return answerOf(desk.desk.api.products.post({ name, price, currency: 'USD' }, { headers }));
    },
    tell: ({ id }) => `it is product ${id}`,
  });
const acts = () => desk.desk.store.get().journal.entries.filter(isAct);
const entry = () => acts()[0];

async function countOf(name: string): Promise<number> {
  const { body } = await ops(world, 'GET', '/ops/products?limit=100');
  return JSON.stringify(body).split(`"${name}"`).length - 1;
}

describe('a change', () => {
  test('is told with its true result, and kept', async () => {
    expect(await makeProduct('Told')).toMatchObject({ ok: true });
    await desk.waitFor(/✓ New product Told: it is product \d+/);
    expect(entry()).toMatchObject({ state: 'done', what: 'New product Told' });
  });

  test('whose answer was lost is made once, and its result is told', async () => {
    link.loseAnswer();
    sends = 0;
    expect(await makeProduct('Lost')).toMatchObject({ ok: true });
    await desk.waitFor(/✓ New product Lost: it is product \d+/);
    expect(await countOf('Lost')).toBe(1);
    expect(sends).toBe(2);
  });

  test('waits for an API that is away for a moment', async () => {
    link.setAway(true);
    const making = makeProduct('Later');
    await desk.waitFor('New product Later ...');
    expect(entry()).toMatchObject({ state: 'sending' });
    link.setAway(false);
    expect(await making).toMatchObject({ ok: true });
    expect(entry()).toMatchObject({ state: 'done' });
    expect(await countOf('Later')).toBe(1);
  });

  test('that nobody answers is unknown, says where to look, and can be asked for again', async () => {
    link.setAway(true);
    expect(await makeProduct('Never')).toMatchObject({ ok: false, code: 'unreachable' });
    await desk.waitFor('! New product Never: Nobody knows whether it was done: see Activity.');
    expect(entry()).toMatchObject({ state: 'unknown' });
    expect(entry()?.result).toContain('The API did not answer');
    link.setAway(false);
    expect(await countOf('Never')).toBe(0);
    // Asked for again under its key, however often: made once.
    const id = entry()?.id ?? '';
    await Promise.all([desk.desk.askAgain(id), desk.desk.askAgain(id)]);
    await desk.desk.askAgain(id);
    expect(entry()).toMatchObject({ id, state: 'done' });
    expect(desk.desk.store.get().journal.changesMade).toBe(1);
    expect(await countOf('Never')).toBe(1);
  });

  test('that is refused says which field is wrong', async () => {
    expect(await makeProduct('Wrong', -1)).toMatchObject({ ok: false });
    await desk.waitFor('! New product Wrong: ');
    expect(entry()).toMatchObject({ state: 'refused' });
    expect(entry()?.result).toMatch(/price .+\.$/);
  });

  test('that fails in the terminal is said to be a fault of the terminal', async () => {
    desk.desk.fail('Copy', new Error('no clipboard'));
    await desk.waitFor('Copy: no clipboard. This is a fault of the terminal');
    expect(desk.desk.store.get().journal.entries[0]).toMatchObject({ state: 'warned' });
  });
});

describe('when the connection is away', () => {
  test('the screen says so, is dimmed, its clock stands still, and it goes on by itself', async () => {
    const isDim = () => {
      const looks = desk
        .cells()[2]
        ?.split('|')
        .find((cell) => cell.startsWith('L'))
        ?.split(' ')
        .at(-1);
      // Not bold, dim, and nothing else.
      return /^0[1-9]\d*000$/.test(looks ?? '');
    };
    expect(isDim()).toBe(false);
    link.setAway(true);
    await desk.waitFor(/○ connecting/);
    const banner = await desk.waitFor(
      /\w\. What you see is \d+ seconds? old\. Next try in 0:\d\d; R tries now\./,
    );
    expect(banner).toContain('Lamp #1');
    expect(isDim()).toBe(true);
    link.setAway(false);
    await desk.press('R');
    await desk.waitFor(/● live/);
    await desk.waitFor((screen) => !screen.includes('What you see is'));
    expect(isDim()).toBe(false);
  });

  test('what happened meanwhile is seen afterwards', async () => {
    link.setAway(true);
    await desk.waitFor(/○ connecting/);
    const { saleId } = await world.sale();
    link.setAway(false);
    await desk.press('R');
    await desk.waitFor(`Lamp #${saleId}`);
  });

  test('the clock of the sale stands still after two heartbeats that did not come', async () => {
    link.setAway(true);
    await desk.waitFor(/○ connecting/);
    const { heardAtMs } = desk.desk.store.get().link;
    expect(heardAtMs).not.toBeNull();
    const heard = heardAtMs ?? 0;
    // As when the last word is long ago.
    desk.desk.store.set((state) => ({ ...state, link: { ...state.link, heardAtMs: heard - 60_000 } }));
    const first = desk.desk.frame().nowMs;
    await until(() => performance.now() > heard + 300);
    expect(desk.desk.frame().nowMs).toBe(first);
  });

  test('who the operator is is read once the API is there', async () => {
    link.setAway(true);
    const late = mountDesk(world, { columns: 120, rows: 24, url: link.url });
    try {
      await late.waitFor(/Next try in/);
      expect(late.desk.store.get().me).toBeNull();
      link.setAway(false);
      await late.press('R');
      await late.waitFor('(admin)');
      await late.waitFor('Lamp #1');
    } finally {
      late.close();
    }
  });
});

test('an API that never answers is not waited for for ever, and the next question goes another way', async () => {
  const api = connectApi(link.url, BOOTSTRAP_TOKEN, 500);
  expect(await answerOf(api.me.get())).toMatchObject({ ok: true });
  link.goSilent();
  expect(await answerOf(api.me.get())).toMatchObject({ ok: false, code: 'unreachable' });
  // Connections that were kept open are as dead: each is found out once.
  await until(async () => (await answerOf(api.me.get())).ok);
});
