import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { eq } from 'drizzle-orm';
import { sales } from '@flash-sale/drizzle/schema.ts';
import type { OperatedSale } from '@flash-sale/shared/contracts/sale.ts';
import { possibleVerbs, SALE_STATES, SALE_VERBS, VERB_MOVES } from '@flash-sale/shared/lifecycle.ts';
import { statement } from '../mysql/transaction.ts';
import { audit } from '../test/audit.ts';
import { hold, ops, order, pay, send } from '../test/client.ts';
import { faultsIn, judgedOps, type JudgedOps } from '../test/judged-ops.ts';
import { settle } from '../test/settling.ts';
import { createWorld, type OneSale, type World } from '../test/world.ts';
import { keepSalesArmed } from './arming.ts';
import { moveSalesByTime } from './clock.ts';
import { createSale } from '../test/create-sale.ts';
import { moveSale } from './sales.ts';
import { changeWindow } from './window.ts';

let world: World;
let ask: JudgedOps;
beforeAll(async () => {
  world = await createWorld();
  ask = await judgedOps(world, ['/ops/sales']);
});
afterAll(() => world.close());

const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1_000);

const act = ({ saleId }: Pick<OneSale, 'saleId'>, verb: string, headers = {}) =>
  ask<OperatedSale>('POST', `/ops/sales/${saleId}/${verb}`, undefined, headers);
const setWindow = ({ saleId }: OneSale, change: object) =>
  ask<OperatedSale>('POST', `/ops/sales/${saleId}/window`, change);

async function rowOf({ saleId }: Pick<OneSale, 'saleId'>) {
  const [row] = await statement(world.services.mysql, (sql) =>
    sql.select().from(sales).where(eq(sales.id, saleId)),
  );
  if (row === undefined) throw new Error(`there is no sale ${saleId}`);
  return row;
}

async function actionsOn({ saleId }: OneSale): Promise<string[]> {
  const path = `/ops/audit?target=sale%20${saleId}&actor=bootstrap`;
  const reply = await ops<{ items: { action: string }[] }>(world, 'GET', path);
  return reply.body.data.items.map(({ action }) => action).toReversed();
}

async function refusal({ productId }: OneSale): Promise<string | undefined> {
  return (await hold(world, productId)).body.code;
}

describe('an operator', () => {
  test('takes a sale from its draft to its end, and buyers feel each step at once', async () => {
    const sale = await world.sale({ opensAt: inSeconds(3_600) }, 'draft');
    const steps: [string, string, string | undefined][] = [
      ['schedule', 'scheduled', 'sale_not_open'],
      ['launch', 'live', undefined],
      ['pause', 'paused', 'sale_paused'],
      ['resume', 'live', undefined],
      ['halt', 'halted', 'sale_paused'],
      ['pause', 'paused', 'sale_paused'],
      ['end', 'draining', 'sale_ended'],
    ];
    for (const [verb, state, code] of steps) {
      const reply = await act(sale, verb);
      expect([verb, reply.status, reply.body.data.state]).toEqual([verb, 200, state]);
      expect(reply.body.data).toMatchObject({ armed: true, possible: possibleVerbs(reply.body.data.state) });
      expect([verb, await refusal(sale)]).toEqual([verb, code]);
    }
    expect(await actionsOn(sale)).toEqual(steps.map(([verb]) => `sale.${verb}`));
    await settle(world.services, sale.saleId);
    expect(await audit(world.services, sale.saleId)).toMatchObject({ held: 2, drift: 0 });
  });

  test('is told the state and what is possible instead, and asking again is fine', async () => {
    for (const state of SALE_STATES) {
      const sale = await world.sale({}, state);
      const before = await rowOf(sale);
      for (const verb of SALE_VERBS) {
        const { from, to } = VERB_MOVES[verb];
        if (from.includes(state)) continue;
        const reply = await act(sale, verb);
        const isThere = to === state || (verb === 'end' && state === 'ended');
        expect([verb, state, reply.status]).toEqual([verb, state, isThere ? 200 : 409]);
        if (isThere) expect(reply.body.data.state).toBe(state);
        else {
          expect(reply.body).toMatchObject({
            code: 'impossible_now',
            state,
            possible: possibleVerbs(state),
          });
        }
      }
      expect(await rowOf(sale)).toMatchObject({ state: before.state, epoch: before.epoch });
      expect(await actionsOn(sale)).toEqual([]);
    }
    for (const verb of SALE_VERBS) {
      expect((await act({ saleId: 4_000_000_000 }, verb)).body.code).toBe('sale_not_found');
    }
  });

  test('launches a sale before its time: the window begins now', async () => {
    const opensAt = inSeconds(3_600);
    const sale = await world.sale({ opensAt, closesAt: inSeconds(7_200) }, 'scheduled');
    const launched = await act(sale, 'launch');
    expect(Date.parse(launched.body.data.opens_at)).toBeWithin(Date.now() - 2_000, Date.now() + 1_000);
    expect(launched.body.data.closes_at).toBe((await rowOf(sale)).closesAt?.toISOString() ?? null);
    expect(await refusal(sale)).toBeUndefined();
  });

  test('cannot sell in a window that is over, and is told what to do first', async () => {
    const over = { opensAt: inSeconds(-60), closesAt: inSeconds(-1) };
    for (const [state, verb, possible] of [
      ['draft', 'schedule', []],
      ['draft', 'launch', []],
      ['scheduled', 'launch', ['end', 'halt']],
      ['paused', 'resume', ['end', 'halt']],
    ] as const) {
      const reply = await act(await world.sale(over, state), verb);
      expect([reply.status, reply.body.code, reply.body.possible]).toEqual([409, 'impossible_now', possible]);
      expect(reply.body.message).toContain(state === 'draft' ? 'edit the draft' : 'change the window');
    }
  });

  test('has one sale of a product on at a time', async () => {
    const first = await world.sale();
    const next = async (opensAt: Date) => ({
      ...first,
      saleId: await createSale(world.services, { productId: first.productId, allotment: 7, opensAt }),
    });
    const [now, later] = [await next(inSeconds(-1)), await next(inSeconds(3_600))];
    for (const verb of ['launch', 'schedule']) {
      const reply = await act(now, verb);
      expect([verb, reply.status, reply.body.code]).toEqual([verb, 409, 'product_busy']);
    }
    expect((await act(later, 'schedule')).status).toBe(200);
    expect((await act(later, 'launch')).body.code).toBe('product_busy');
    await act(first, 'end');
    expect((await act(now, 'launch')).status).toBe(200);
  });
});

describe('two operators at once', () => {
  test('launch two sales of one product: one is on, the other is told', async () => {
    for (let round = 0; round < 5; round += 1) {
      const first = await world.sale({}, 'draft');
      const opensAt = new Date();
      const saleId = await createSale(world.services, { productId: first.productId, allotment: 7, opensAt });
      const replies = await Promise.all([act(first, 'launch'), act({ saleId }, 'launch')]);
      expect(replies.map(({ body }) => body.code ?? 'launched').sort()).toEqual(['launched', 'product_busy']);
    }
  });

  test('launch and halt: the sale is halted, whoever was first', async () => {
    for (let round = 0; round < 5; round += 1) {
      const sale = await world.sale({}, 'scheduled');
      const [launched, halted] = await Promise.all([act(sale, 'launch'), act(sale, 'halt')]);
      expect([halted.status, [200, 409].includes(launched.status)]).toEqual([200, true]);
      expect((await rowOf(sale)).state).toBe('halted');
      await keepSalesArmed(world.services);
      expect(await refusal(sale)).toBe('sale_paused');
    }
  });

  test('pause the same sale: it is paused once, and both are told so', async () => {
    const sale = await world.sale();
    const replies = await Promise.all(Array.from({ length: 6 }, () => act(sale, 'pause')));
    expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([200]));
    expect(await actionsOn(sale)).toEqual(['sale.pause']);
  });

  test('and one who asks twice under one key is answered as the first time (I6)', async () => {
    const sale = await world.sale();
    const key = { 'idempotency-key': `pause-${sale.saleId}` };
    expect((await act(sale, 'pause', key)).status).toBe(200);
    await act(sale, 'resume');
    const again = await act(sale, 'pause', key);
    expect([again.headers.get('idempotency-replayed'), again.body.data.state]).toEqual(['true', 'paused']);
    expect((await rowOf(sale)).state).toBe('live');
    expect((await act(sale, 'halt', key)).body.code).toBe('idempotency_key_reused');
  });

  test('halt and a crowd that orders: what was ordered stays payable, and nothing else becomes an order (I1, I2)', async () => {
    const sale = await world.sale({ allotment: 40 });
    const held = await Promise.all(Array.from({ length: 20 }, () => hold(world, sale.productId)));
    const ids = held.map(({ body }) => body.data.hold_id);
    const [halted, ...orders] = await Promise.all([
      act(sale, 'halt'),
      ...ids.map((id) => order(world, id, `pi_${id}`)),
    ]);
    expect(halted.status).toBe(200);
    const made = ids.filter((_, index) => orders[index]?.status === 201);
    for (const id of made) expect((await pay(world, id, `pi_${id}`)).body.data.status).toBe('paid');
    for (const id of ids.slice(0, 3)) {
      const code = (await order(world, id, `pi_${id}`)).body.code;
      expect(code).toBe(made.includes(id) ? undefined : 'sale_paused');
    }
    await settle(world.services, sale.saleId);
    const seen = await audit(world.services, sale.saleId);
    expect(seen).toMatchObject({ drift: 0, paid: made.length, committed: made.length, unlisted: 0 });
  });
});

describe('the window of a sale', () => {
  test('is extended and shortened while it is on, and Redis holds to it', async () => {
    const sale = await world.sale({ closesAt: inSeconds(2) });
    const far = inSeconds(3_600).toISOString();
    expect((await setWindow(sale, { closes_at: far })).body.data).toMatchObject({
      closes_at: far,
      armed: true,
    });
    await Bun.sleep(2_000);
    await moveSalesByTime(world.services);
    expect(await refusal(sale)).toBeUndefined();
    const soon = Date.now() + 400;
    await setWindow(sale, { closes_at: new Date(soon).toISOString() });
    await Bun.sleep(Math.max(0, soon - Date.now()) + 20);
    expect(await refusal(sale)).toBe('sale_ended');
    expect(await actionsOn(sale)).toEqual(['sale.window', 'sale.window']);
  });

  test('can be left open, and moved before it has opened', async () => {
    const sale = await world.sale({ opensAt: inSeconds(60), closesAt: inSeconds(120) }, 'scheduled');
    const opens = inSeconds(600).toISOString();
    expect(faultsIn(await setWindow(sale, { opens_at: opens }))).toEqual(['closes_at']);
    const moved = await setWindow(sale, { opens_at: opens, closes_at: null });
    expect(moved.body.data).toMatchObject({ opens_at: opens, closes_at: null, state: 'scheduled' });
    expect(await refusal(sale)).toBe('sale_not_open');
  });

  test('is not moved into the past, nor under those who hold, and says what to do instead', async () => {
    const scheduled = await world.sale({ opensAt: inSeconds(60) }, 'scheduled');
    const [live, paused] = [await world.sale(), await world.sale({}, 'paused')];
    const closing = await world.sale({ opensAt: inSeconds(-9), closesAt: inSeconds(-1) });
    const [past, ahead] = [inSeconds(-1).toISOString(), inSeconds(600).toISOString()];
    const cases: [OneSale, object, string, string][] = [
      [scheduled, { opens_at: past }, 'opens_at', 'launch the sale'],
      [scheduled, { closes_at: past }, 'closes_at', 'end the sale'],
      [live, { closes_at: past }, 'closes_at', 'end the sale'],
      [live, { opens_at: ahead }, 'opens_at', 'pause the sale'],
      [paused, { opens_at: ahead }, 'opens_at', 'has passed'],
      [closing, { closes_at: ahead }, 'closes_at', 'does not open again'],
      [live, {}, 'body', 'must have a field'],
      [live, { opens_at: 'now' }, 'opens_at', 'must be a time with its zone'],
      [live, { closes_at: 'now' }, 'closes_at', 'or null'],
      [live, { until: ahead }, 'until', 'is not a known field'],
    ];
    for (const [sale, change, field, says] of cases) {
      const reply = await setWindow(sale, change);
      expect([change, reply.status, faultsIn(reply)]).toEqual([change, 400, [field]]);
      expect(reply.body.errors?.[field]?.[0]).toContain(says);
    }
    for (const state of ['draft', 'draining', 'ended', 'halted'] as const) {
      const reply = await setWindow(await world.sale({}, state), { closes_at: ahead });
      expect([reply.status, reply.body.code]).toEqual([409, 'impossible_now']);
      expect(reply.body).toMatchObject({ state, possible: possibleVerbs(state) });
    }
    expect((await setWindow({ ...live, saleId: 4_000_000_000 }, { closes_at: ahead })).status).toBe(404);
  });

  test('changed by a process that dies right after is in Redis as soon as a worker runs (I7)', async () => {
    const closesAt = inSeconds(2);
    const sale = await world.sale({ closesAt });
    const { hold_id: held } = (await hold(world, sale.productId)).body.data;
    const dying = await world.another((point) => {
      if (point === 'sale.changed') throw new Error('as if killed here');
    });
    const ann = { actor: 'ann', requestId: 'r', once: null, reason: null };
    await changeWindow(dying, sale.saleId, { closesAt: inSeconds(600) }, ann).catch(() => {});
    await keepSalesArmed(world.services);
    await Bun.sleep(Math.max(0, closesAt.getTime() - Date.now()) + 50);
    expect(await refusal(sale)).toBeUndefined();
    expect((await send(world, 'GET', `/api/holds/${held}`)).body.data['state']).toBe('held');
  });
});

describe('while Redis is away', () => {
  test('a sale is halted all the same: SQL lets nothing become an order, and Redis hears of it when it is back', async () => {
    const away = await createWorld();
    const askAway = await judgedOps(away, ['/ops/sales']);
    try {
      const sale = await away.sale({ allotment: 5 });
      const { hold_id: held } = (await hold(away, sale.productId)).body.data;
      const epoch = async () =>
        (await askAway<OperatedSale>('GET', `/ops/sales/${sale.saleId}`)).body.data.epoch;
      const before = await epoch();
      // Silent, not dead: what it was sent it may still carry out.
      process.kill(away.redis.pid, 'SIGSTOP');
      const startedAtMs = performance.now();
      const halted = await askAway<OperatedSale>('POST', `/ops/sales/${sale.saleId}/halt`);
      expect(performance.now() - startedAtMs).toBeLessThan(5_000);
      expect([halted.status, halted.body.data.state, halted.body.data.armed]).toEqual([200, 'halted', false]);
      expect(halted.body.data.units).toMatchObject({ available: null, held: null, ordered: 0 });
      expect(halted.body.message).toContain('as soon as it answers');
      const again = await askAway<OperatedSale>('POST', `/ops/sales/${sale.saleId}/halt`);
      expect(again.status).toBe(200);
      process.kill(away.redis.pid, 'SIGCONT');
      expect(await epoch()).toBeGreaterThan(before);
      expect((await order(away, held, 'pi_1')).status).not.toBe(201);
      await moveSale(away.services, sale.saleId, 'halted');
      expect((await hold(away, sale.productId)).body.code).toBe('sale_paused');
      expect((await order(away, held, 'pi_1')).body.code).toBe('sale_paused');
      const { drift, held: heldUnits, pinned } = await audit(away.services, sale.saleId);
      expect([drift, heldUnits + pinned]).toEqual([0, 1]);
    } finally {
      process.kill(away.redis.pid, 'SIGCONT');
      await away.close();
    }
  });
});

test('a sale that is launched on stores that could lose what they acknowledge is live, sells nothing, and says why', async () => {
  const sale = await world.sale({}, 'draft');
  await world.services.redis.config('SET', 'maxmemory-policy', 'allkeys-lru');
  try {
    const launched = await act(sale, 'launch');
    expect([launched.status, launched.body.data.state, launched.body.data.armed]).toEqual([
      200,
      'live',
      false,
    ]);
    expect(launched.body.message).toContain('sells nothing: Redis may evict holds');
    expect(await refusal(sale)).toBe('unavailable');
  } finally {
    await world.services.redis.config('SET', 'maxmemory-policy', 'noeviction');
  }
  expect((await act(sale, 'launch')).body.data.armed).toBe(true);
  expect(await refusal(sale)).toBeUndefined();
});
