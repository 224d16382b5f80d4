/** A consumer sees every event, or it is told that it may not have. */

import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { sales } from '@flash-sale/drizzle/schema.ts';
import { eq, sql as raw } from 'drizzle-orm';
import { statement } from '../mysql/transaction.ts';
import { eventsKey } from '../redis/keys.ts';
import { keepSalesArmed } from '../sales/arming.ts';
import { listen, type Listening } from '../server.ts';
import { availableStock, hold } from '../test/client.ts';
import { EventClient } from '../test/event-client.ts';
import { RedisFaults } from '../test/redis-faults.ts';
import { until } from '../test/until.ts';
import { createWorld, type World } from '../test/world.ts';
import { comparePositions, parseId } from './position.ts';
import { publish } from './publish.ts';

let world: World;
let other: { listening: Listening };
let faults: RedisFaults;
beforeAll(async () => {
  world = await createWorld();
  other = { listening: listen(await world.another()) };
  faults = new RedisFaults(world);
});
afterAll(async () => {
  await other.listening.stop();
  await world.close();
  await faults.stop();
});

const idsOf = (client: EventClient) => client.seen.map(({ id }) => id);
const reasonsOf = (client: EventClient) => client.of('gap').map(({ data }) => data.reason);
const holdsOf = (client: EventClient) => client.of('hold.placed').map(({ data }) => data.hold_id);

/** Nothing that comes after it was published before. */
async function isAtEnd(client: EventClient): Promise<void> {
  const action = crypto.randomUUID();
  publish(world.services, null, {
    type: 'operator.acted',
    actor: 'ann',
    action,
    target: 'nothing',
    request_id: '',
  });
  await until(() => client.of('operator.acted').some(({ data }) => data['action'] === action));
}

describe('a gap is told', () => {
  test('when the window went past the consumer, and what is left of it follows', async () => {
    const { productId, saleId } = await world.sale();
    const away = await EventClient.open(world);
    await hold(world, productId);
    await until(() => away.of('hold.placed').length === 1);
    await away.cut();
    for (let i = 0; i < 6; i += 1) await hold(world, productId);
    await world.services.redis.xtrim(eventsKey(saleId), 'MAXLEN', 2);

    const again = await EventClient.open(other, { after: away.lastId });
    await isAtEnd(again);
    expect(reasonsOf(again)).toEqual(['trimmed']);
    expect(holdsOf(again)).toHaveLength(2);
    expect(again.seen[1]?.type).toBe('gap');
    // Whoever is cut off right after it has missed the same, and is told the same.
    const once = await EventClient.open(world, { after: again.seen[1]?.id });
    await isAtEnd(once);
    expect(reasonsOf(once)).toEqual(['trimmed']);
    // After that nothing is missing.
    const then = await EventClient.open(world, { after: again.of('hold.placed')[0]?.id });
    await isAtEnd(then);
    expect([reasonsOf(then), holdsOf(then).length]).toEqual([[], 1]);
    await Promise.all([again.cut(), once.cut(), then.cut()]);
  });

  test('only to those who missed something: others resume as if nothing had been cut off', async () => {
    const { productId, saleId } = await world.sale();
    const away = await EventClient.open(world);
    for (let i = 0; i < 4; i += 1) await hold(world, productId);
    await isAtEnd(away);
    await away.cut();
    await world.services.redis.xtrim(eventsKey(saleId), 'MAXLEN', 1);
    await hold(world, productId);
    const again = await EventClient.open(other, { after: away.lastId });
    await isAtEnd(again);
    expect([reasonsOf(again), holdsOf(again).length]).toEqual([[], 1]);
    await again.cut();
  });

  test('when it was away for longer than a sale that is over stays in Redis', async () => {
    const client = await EventClient.open(world);
    await until(() => client.of('ready').length === 1);
    await client.cut();
    const [, life] = (client.lastId ?? '').split('.');
    const old = await EventClient.open(other, { after: `${Date.now() - 12 * 60_000}.${life}` });
    await until(() => old.of('gap').length > 0);
    expect(reasonsOf(old)).toEqual(['trimmed']);
    await old.cut();
  });

  test('when Redis was emptied, to those who listen and to those who were away', async () => {
    const { productId } = await world.sale({ allotment: 50 });
    const [here, away] = [await EventClient.open(world), await EventClient.open(world)];
    await hold(world, productId);
    await until(() => here.of('hold.placed').length === 1 && away.of('hold.placed').length === 1);
    await away.cut();
    await world.services.redis.flushall();
    const { body } = await hold(other, productId);
    await until(() => holdsOf(here).includes(body.data.hold_id));
    const gap = here.seen.findIndex(({ type }) => type === 'gap');
    expect(gap).toBeLessThan(here.seen.findIndex(({ data }) => data.hold_id === body.data.hold_id));
    // What belongs to no sale may be lost as well: that is told for everybody, whatever they asked for.
    await until(() => here.of('gap').some(({ data }) => data.sale_id === null));

    const back = await EventClient.open(other, { after: away.lastId });
    await until(() => holdsOf(back).includes(body.data.hold_id));
    expect([back.seen[0]?.type, back.seen[1]?.type]).toEqual(['ready', 'gap']);
    expect(back.events.at(-1)?.data.available).toBe(await availableStock(world, productId));
    await Promise.all([here.cut(), back.cut()]);
  });

  test('when Redis was emptied and no sale is there to tell of it', async () => {
    const own = await createWorld();
    const ownFaults = new RedisFaults(own);
    const [here, away] = [await EventClient.open(own), await EventClient.open(own)];
    await until(() => here.of('ready').length === 1 && away.of('ready').length === 1);
    await away.cut();
    await ownFaults.restartEmpty();
    await until(() => here.of('gap').length === 1);
    const back = await EventClient.open(own, { after: away.lastId });
    await until(() => back.of('gap').length === 1);
    expect([...reasonsOf(here), ...reasonsOf(back)]).toEqual(['data_lost', 'data_lost']);
    await Promise.all([here.cut(), back.cut()]);
    await own.close();
    await ownFaults.stop();
  });

  test('when Redis came back on an older state, which had told more than it knows now', async () => {
    const { productId } = await world.sale({ allotment: 50 });
    await faults.neverForget();
    const here = await EventClient.open(world);
    const comeBack = faults.keepState();
    const { body } = await hold(world, productId);
    await until(() => holdsOf(here).includes(body.data.hold_id));
    await comeBack();
    await until(async () => (await hold(world, productId)).status === 201);
    await isAtEnd(here);
    expect(reasonsOf(here)).toContain('data_lost');
    const back = await EventClient.open(other, { after: here.of('hold.placed')[0]?.id });
    await isAtEnd(back);
    expect(back.seen[1]?.type).toBe('gap');
    expect(here.events.findLast(({ type }) => type === 'hold.placed')?.data.available).toBe(
      await availableStock(world, productId),
    );
    await Promise.all([here.cut(), back.cut()]);
  });

  test('when Redis was away and lost nothing, nothing is missing but what it says itself', async () => {
    const { productId } = await world.sale({ allotment: 50 });
    const here = await EventClient.open(world);
    const held: string[] = [];
    held.push((await hold(world, productId)).body.data.hold_id);
    await until(() => holdsOf(here).length === 1);
    await faults.restart();
    await until(async () => {
      const { status, body } = await hold(world, productId);
      if (status === 201) held.push(body.data.hold_id);
      return status === 201;
    });
    await isAtEnd(here);
    expect(holdsOf(here)).toEqual(held);
    const back = await EventClient.open(other, { after: here.seen[0]?.id });
    await isAtEnd(back);
    expect(holdsOf(back)).toEqual(held);
    await Promise.all([here.cut(), back.cut()]);
  });

  test('when events come that belong before what was told, as after a clock that was set back', async () => {
    const { productId, saleId } = await world.sale();
    const [here, away] = [await EventClient.open(world), await EventClient.open(other)];
    await isAtEnd(here);
    await isAtEnd(away);
    await away.cut();
    await Bun.sleep(400);
    // What a Redis whose clock is behind writes next.
    const late = ['available', '99', 'changes', 'a hold\nH|1|0||'];
    await world.services.redis.xadd(eventsKey(saleId), `${Date.now() - 250}-0`, ...late);
    await until(() => here.of('gap').length > 0);
    // Or the other process was faster to say so.
    expect(['out_of_order', 'data_lost']).toContain(reasonsOf(here)[0] ?? '');
    const back = await EventClient.open(other, { after: away.lastId });
    await until(() => back.of('gap').length > 0);
    // It goes on.
    const { body } = await hold(world, productId);
    for (const client of [here, back]) await until(() => holdsOf(client).includes(body.data.hold_id));
    await Promise.all([here.cut(), back.cut()]);
  });

  test('to whoever brings an id of a time that is still to come, and the stream goes on now', async () => {
    const { productId } = await world.sale();
    const client = await EventClient.open(other, { after: `${Date.now() + 3_600_000}.00000000` });
    await until(() => client.of('gap').length === 1);
    const { body } = await hold(world, productId);
    await until(() => holdsOf(client).includes(body.data.hold_id));
    const [, ...ids] = idsOf(client);
    expect(ids).toEqual(ids.toSorted(byPlace));
    await client.cut();
  });
});

/** As numbers: as text, the tenth sale would come before the second. */
function byPlace(a: string, b: string): number {
  const [first, second] = [parseId(a), parseId(b)];
  if (first === null || second === null) throw new Error(`${a} or ${b} is no id`);
  return comparePositions(first.position, second.position);
}

describe('an event of a sale that Redis does not serve', () => {
  test('is told on the general stream: of a draft, and of a sale that is over', async () => {
    const draft = await world.sale({}, 'draft');
    const over = await world.sale();
    await statement(world.services.mysql, (sql) =>
      sql
        .update(sales)
        .set({ state: 'ended', endedAt: raw`utc_timestamp(3) - interval 1 hour` })
        .where(eq(sales.id, over.saleId)),
    );
    await faults.forget(over.saleId);
    await keepSalesArmed(world.services);
    await world.services.catalog.refresh();
    const client = await EventClient.open(world, { query: `sale=${draft.saleId},${over.saleId}` });
    for (const { saleId } of [draft, over]) {
      publish(world.services, saleId, { type: 'stock.changed', change: 1, allotment: 1, by: 'ann' });
    }
    await until(() => client.of('stock.changed').length === 2);
    expect(await world.services.redis.exists(eventsKey(draft.saleId), eventsKey(over.saleId))).toBe(0);
    await client.cut();
  });
});
