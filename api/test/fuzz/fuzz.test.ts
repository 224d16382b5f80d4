import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { asc, inArray } from 'drizzle-orm';
import { orders, payments, sales } from '@flash-sale/drizzle/schema.ts';
import { ARMED_SALE_STATES, OPERATOR_ROLES } from '@flash-sale/shared/lifecycle.ts';
import { statement } from '../../mysql/transaction.ts';
import { audit } from '../audit.ts';
import { hold, ops, order, pay } from '../client.ts';
import { shiftClock } from '../properties/photograph.ts';
import { seedFrom } from '../seeded.ts';
import { settle } from '../settling.ts';
import { createWorld, type World } from '../world.ts';
import { documentOf, routesOf, type DocumentedRoute } from './document.ts';
import { judge } from './judge.ts';
import { add, learn, type Known } from './known.ts';
import { RawHttp, type RawReply, type RawRequest } from './raw-http.ts';
import { requestOf, requestPlans } from './requests.ts';

const REQUESTS = Number(process.env['FUZZ_REQUESTS'] ?? 20_000);
/** Requests under way at the same time. */
const LANES = 32;
/** Operations that no request of a run may happen to be right for. */
const LUCK = 3;

let world: World;
let routes: DocumentedRoute[];
let opsRoutes: DocumentedRoute[];
beforeAll(async () => {
  world = await createWorld();
  routes = routesOf(await documentOf(world.listening.url));
  opsRoutes = routesOf(await documentOf(world.listening.opsUrl));
});
afterAll(() => world.close());

describe(`${REQUESTS} requests from right to absurd`, () => {
  const seed = seedFrom('FUZZ_SEED');

  test(`get no 500, only what is documented, and move no unit wrongly (I1, I2, I5, I8; seed ${seed})`, async () => {
    const known = await openSales();
    const counts = new Map<number, number>();
    const succeeded = new Set<string>();
    const wrong = new Map<string, string>();
    const plans = fc.sample(requestPlans([...routes, ...opsRoutes]), { seed, numRuns: REQUESTS });
    const clients = { public: new RawHttp(world.listening.url), ops: new RawHttp(world.listening.opsUrl) };
    const work = plans.values();
    await Promise.all(
      Array.from({ length: LANES }, async () => {
        for (const plan of work) {
          const isOps = opsRoutes.includes(plan.route);
          const request = requestOf(plan, known);
          const reply = await clients[isOps ? 'ops' : 'public'].send(request);
          counts.set(reply.status, (counts.get(reply.status) ?? 0) + 1);
          const isAsPlanned = request.method === plan.route.method && plan.path === '{}';
          if (isAsPlanned) learn(known, plan.route, reply);
          if (isAsPlanned && reply.status < 300) succeeded.add(plan.route.operationId);
          const fault = judge(isOps ? opsRoutes : routes, request, reply);
          if (fault !== null) wrong.set(fault, describeFault(fault, request, reply));
        }
      }),
    );
    clients.public.close();
    clients.ops.close();
    expect([...wrong.values()].slice(0, 10)).toEqual([]);
    // A run that meets only refusals shows nothing.
    const rare = [200, 201, 400, 401, 403, 404, 405, 409, 413, 415, 422].filter(
      (status) => !((counts.get(status) ?? 0) > 10),
    );
    expect(rare).toEqual([]);
    // Every operation is done at least once, but for a few that need much luck.
    const neverDone = [...routes, ...opsRoutes].filter(({ operationId }) => !succeeded.has(operationId));
    expect(neverDone.slice(LUCK).map(({ operationId }) => operationId)).toEqual([]);
    await expectAllIsWell();
  }, 240_000);
});

/** Sales of buyers, sales that operators change, and a token of each role. */
async function openSales(): Promise<Known> {
  const known: Known = new Map();
  const ofBuyers = [
    await world.sale({ allotment: 100_000 }),
    await world.sale({ allotment: 1_000 }),
    await world.sale({ allotment: 40 }),
    await world.sale({ allotment: 1_000, buyerLimit: 5 }),
    await world.sale({}, 'paused'),
    await world.sale({}, 'draining'),
    await world.sale({ opensAt: new Date(Date.now() + 90_000) }, 'scheduled'),
  ];
  const draft = await world.sale({}, 'draft');
  const operated = [await world.sale({}), await world.sale({}), await world.sale({}, 'draft')];
  for (const { productId, saleId } of operated) {
    add(known, 'operated products', productId);
    add(known, 'operated sales', saleId);
  }
  for (const { productId, saleId } of [...operated, draft, ...ofBuyers]) {
    add(known, 'products', productId);
    add(known, 'sales', saleId);
  }
  add(known, 'products', 4_000_000_000);
  for (const role of OPERATOR_ROLES) {
    const added = await ops(world, 'POST', '/ops/operators', { name: `fuzz-${role}`, role });
    add(known, `${role} token`, added.body.data['token']);
  }
  add(known, 'owed orders', await orderOwedBack());
  return known;
}

/** Paid after it was cancelled, and after its units went to somebody else. */
async function orderOwedBack(): Promise<string> {
  const { productId, saleId } = await world.sale({ allotment: 1 });
  const first = (await hold(world, productId)).body.data.hold_id;
  const { order_id: orderId } = (await order(world, first, 'pi_late')).body.data;
  await pay(world, first, 'pi_late', { event: 'failed' });
  await settle(world.services, saleId);
  await hold(world, productId);
  const paid = await pay(world, first, 'pi_late');
  expect(paid.body.data.status).toBe('refund_due');
  return orderId;
}

function describeFault(
  fault: string,
  { method, target, headers, body }: RawRequest,
  reply: RawReply,
): string {
  const sent = `${method} ${target} ${JSON.stringify(headers)} ${body?.toString().slice(0, 300) ?? ''}`;
  return `${fault}\n  sent: ${sent}\n  got: ${reply.status} ${reply.body.slice(0, 300)}`;
}

/** The sales of the beginning, and some of those that operators created and launched. */
const SALES_AUDITED = 20;

/** I1, I2, I5, I8. */
async function expectAllIsWell(): Promise<void> {
  const served = await statement(world.services.mysql, (sql) =>
    sql
      .select({ saleId: sales.id })
      .from(sales)
      .where(inArray(sales.state, [...ARMED_SALE_STATES]))
      .orderBy(asc(sales.id))
      .limit(SALES_AUDITED),
  );
  expect(served.length).toBeGreaterThan(7);
  for (const { saleId } of served) {
    // Nobody comes back to holds that are being ordered: their time passes.
    await shiftClock(world.services.redis, saleId, 10 * 60_000);
    await settle(world.services, saleId);
    const { drift, owed, pinned, ordered, committed, allotment } = await audit(world.services, saleId);
    expect({ saleId, drift, owed, pinned }).toEqual({ saleId, drift: 0, owed: 0, pinned: 0 });
    expect(ordered).toBe(committed);
    expect(committed).toBeLessThanOrEqual(allotment);
  }
  const paid = await statement(world.services.mysql, (sql) => sql.select().from(payments));
  const written = await statement(world.services.mysql, (sql) => sql.select().from(orders));
  expect(new Set(paid.map(({ intentId }) => intentId)).size).toBe(paid.length);
  expect(new Set(written.map(({ holdId }) => holdId)).size).toBe(written.length);
  const applied = paid.filter(({ disposition }) => disposition.endsWith('applied'));
  expect(new Set(applied.map(({ orderId }) => orderId)).size).toBe(applied.length);
  const chain = await ops(world, 'GET', '/ops/audit/verify');
  expect(chain.body.data).toMatchObject({ intact: true, broken_at: null });
  // Orders were made, and some were paid: the fuzz went deep.
  expect(written.length).toBeGreaterThan(REQUESTS / 400);
  expect(applied.length).toBeGreaterThan(REQUESTS / 2_000);
}
