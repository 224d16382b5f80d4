import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { Type, type TSchema } from '@sinclair/typebox';
import { payments, orders } from '@flash-sale/drizzle/schema.ts';
import { PlaceHold } from '@flash-sale/shared/contracts/hold.ts';
import { PlaceOrder } from '@flash-sale/shared/contracts/order.ts';
import { PaymentNotice, StripeEvent } from '@flash-sale/shared/contracts/payment.ts';
import { statement } from '../../mysql/transaction.ts';
import { audit } from '../audit.ts';
import { shiftClock } from '../properties/photograph.ts';
import { seedFrom } from '../seeded.ts';
import { settle } from '../settling.ts';
import { createWorld, type World } from '../world.ts';
import { routesOf, type DocumentedReply, type DocumentedRoute, type OpenApi } from './document.ts';
import { judge } from './judge.ts';
import { RawHttp, type RawReply, type RawRequest } from './raw-http.ts';
import { requestOf, requestPlans, type Known } from './requests.ts';

const REQUESTS = Number(process.env['FUZZ_REQUESTS'] ?? 20_000);
/** Requests under way at the same time. */
const LANES = 32;

const BODIES: Readonly<Record<string, object>> = {
  '/api/holds': PlaceHold,
  '/api/orders': PlaceOrder,
  '/api/webhook/payment-success': PaymentNotice,
  '/api/webhook/payment-failed': PaymentNotice,
  '/api/webhook/stripe': StripeEvent,
};

let world: World;
let routes: DocumentedRoute[];
let opsRoutes: DocumentedRoute[];
beforeAll(async () => {
  world = await createWorld();
  routes = await documentedRoutes(world.listening.url);
  opsRoutes = await documentedRoutes(world.listening.opsUrl);
});
afterAll(() => world.close());

async function documentedRoutes(url: string): Promise<DocumentedRoute[]> {
  const response = await fetch(new URL('/openapi.json', url));
  if (response.status === 404) return OPS_ROUTES;
  const found = routesOf((await response.json()) as OpenApi);
  // The contract is what the document is made from; a test of its own says whether it got there.
  return found.map((route) => ({ ...route, body: BODIES[route.path] ?? route.body }));
}

/** Until the private listener has a document, too. */
const OPS_ROUTES: DocumentedRoute[] = [
  opsRoute('/health/live', [200], Type.Object({ status: Type.Literal('live') })),
  opsRoute(
    '/health/ready',
    [200, 503],
    Type.Object({
      status: Type.String(),
      redis: Type.Boolean(),
      sql: Type.Boolean(),
      stopping: Type.Boolean(),
    }),
  ),
  opsRoute('/metrics', [200], null),
];

function opsRoute(path: string, statuses: number[], schema: TSchema | null): DocumentedRoute {
  const mediaTypes = [schema === null ? 'text/plain' : 'application/json'];
  const reply: DocumentedReply = { schema, mediaTypes, codes: [] };
  const replies = new Map(statuses.map((status) => [status, reply]));
  return { method: 'GET', path, body: null, headers: [], replies };
}

describe('the OpenAPI document', () => {
  test('says what every route with a body takes', async () => {
    const document = (await (await fetch(new URL('/openapi.json', world.listening.url))).json()) as OpenApi;
    const bodies = new Map(routesOf(document).map(({ path, body }) => [path, body]));
    for (const [path, schema] of Object.entries(BODIES)) {
      // As JSON: a contract also carries TypeBox's own marks.
      expect([path, bodies.get(path) ?? null]).toEqual([path, JSON.parse(JSON.stringify(schema))]);
    }
  });

  test('says of every route with a body that it may be too large or of another type', () => {
    const silent = routes.filter(
      ({ body, replies }) => body !== null && !(replies.has(413) && replies.has(415)),
    );
    expect(silent.map(({ path }) => path)).toEqual([]);
  });
});

describe(`${REQUESTS} requests from right to absurd`, () => {
  const seed = seedFrom('FUZZ_SEED');

  test(`get no 500, only what is documented, and move no unit wrongly (I1, I2, I5, I8; seed ${seed})`, async () => {
    const sales = await openSales();
    const known: Known = {
      products: [...sales.map(({ productId }) => String(productId)), '4000000000'],
      holds: [],
      intents: [],
      orderHolds: [],
      orderIntents: [],
    };
    const counts = new Map<number, number>();
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
          learn(known, request, reply);
          const fault = judge(isOps ? opsRoutes : routes, request, reply);
          if (fault !== null) wrong.set(fault, describeFault(fault, request, reply));
        }
      }),
    );
    clients.public.close();
    clients.ops.close();
    expect([...wrong.values()].slice(0, 10)).toEqual([]);
    // A run that meets only refusals shows nothing.
    const rare = [200, 201, 400, 404, 405, 409, 413, 415, 422].filter(
      (status) => !((counts.get(status) ?? 0) > 10),
    );
    expect(rare).toEqual([]);
    await expectAllIsWell(sales.filter(({ isArmed }) => isArmed).map(({ saleId }) => saleId));
  }, 120_000);
});

async function openSales() {
  const live = { isArmed: true };
  return [
    { ...(await world.sale({ allotment: 100_000 })), ...live },
    { ...(await world.sale({ allotment: 1_000 })), ...live },
    { ...(await world.sale({ allotment: 40 })), ...live },
    { ...(await world.sale({ allotment: 1_000, buyerLimit: 5 })), ...live },
    { ...(await world.sale({}, 'paused')), ...live },
    { ...(await world.sale({}, 'draining')), ...live },
    { ...(await world.sale({ opensAt: new Date(Date.now() + 90_000) }, 'scheduled')), ...live },
    { ...(await world.sale({}, 'draft')), isArmed: false },
  ];
}

/** Later requests use what earlier replies told. */
function learn(known: Known, request: RawRequest, { status, body }: RawReply): void {
  if (status !== 200 && status !== 201) return;
  const { data } = (body.startsWith('{') ? JSON.parse(body) : {}) as { data?: Record<string, unknown> };
  if (data === undefined || request.body === null || !request.target.startsWith('/api/')) return;
  if (typeof data['expires_at'] === 'string') known.holds.push(String(data['hold_id']));
  if (typeof data['pay_with'] !== 'string' || typeof data['hold_id'] !== 'string') return;
  const intent = data['pay_with'].slice('payment_intent_id: '.length);
  known.intents.push(intent);
  known.orderHolds.push(data['hold_id']);
  known.orderIntents.push(intent);
}

function describeFault(
  fault: string,
  { method, target, headers, body }: RawRequest,
  reply: RawReply,
): string {
  const sent = `${method} ${target} ${JSON.stringify(headers)} ${body?.toString().slice(0, 300) ?? ''}`;
  return `${fault}\n  sent: ${sent}\n  got: ${reply.status} ${reply.body.slice(0, 300)}`;
}

/** I1, I2, I5, I8. */
async function expectAllIsWell(saleIds: number[]): Promise<void> {
  for (const saleId of saleIds) {
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
  // Orders were made, and some were paid: the fuzz went deep.
  expect(written.length).toBeGreaterThan(50);
  expect(applied.length).toBeGreaterThan(10);
}
