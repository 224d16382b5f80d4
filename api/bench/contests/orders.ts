/** Orders and the webhooks of their payments, beside the SQL transaction of an order alone. */

import { eq, sql as raw } from 'drizzle-orm';
import { orders } from '@flash-sale/drizzle/schema.ts';
import { ALLOTMENT_MAX } from '@flash-sale/shared/limits.ts';
import { statement } from '../../mysql/transaction.ts';
import { placeOrder } from '../../orders/orders.ts';
import type { Ask, Contender, Contest } from '../contest.ts';
import { load } from '../load/load.ts';
import type { Prepared } from '../load/requests.ts';
import { WEBHOOK_KEY, type Stage } from '../stage.ts';
import { holdMany } from './hold-many.ts';
import { checkAnswers } from './holds.ts';
import { startPlainOrders } from './plain-orders.ts';

const CLIENTS = 64;
/** Orders that the bench has on the way to SQL while it prepares webhooks. */
const AT_ONCE = 256;
/** A first guess at how many a server does in a second; then what it did is known. */
const PER_SECOND = 4_000;

const PLAIN = '(c) plain SQL transaction';
const API = 'API';
const ASK: Ask = {
  what: 'API / (c)',
  of: API,
  to: PLAIN,
  figure: 'perSecond',
  wanted: { atLeast: 0.8 },
};

export async function orderContest(stage: Stage): Promise<Contest> {
  const { saleId } = await stage.world.sale({ allotment: ALLOTMENT_MAX });
  const api = await stage.serve('server.ts');
  const api64 = contender(stage, 'pending', {
    name: API,
    pid: api.pid,
    url: `${api.url}/api/orders`,
    async prepare(count) {
      const holdIds = await holdMany(stage.world.services, saleId, count);
      return holdIds.map((holdId) => ({
        body: JSON.stringify({ hold_id: holdId, payment_intent_id: intentOf(holdId) }),
      }));
    },
  });
  return {
    name: `orders, ${CLIENTS} clients`,
    contenders: [await startPlainOrders(await stage.otherDatabase(), CLIENTS, PLAIN), api64],
    asks: [ASK],
  };
}

export async function webhookContest(stage: Stage): Promise<Contest> {
  const { saleId } = await stage.world.sale({ allotment: ALLOTMENT_MAX });
  const api = await stage.serve('server.ts');
  const api64 = contender(stage, 'paid', {
    name: API,
    pid: api.pid,
    url: `${api.url}/api/webhook/payment-success`,
    async prepare(count) {
      const holdIds = await holdMany(stage.world.services, saleId, count);
      for (let start = 0; start < holdIds.length; start += AT_ONCE) {
        await Promise.all(holdIds.slice(start, start + AT_ONCE).map((holdId) => orderOne(stage, holdId)));
      }
      return holdIds.map(paymentOf);
    },
  });
  return {
    name: `webhooks of payments, signed, ${CLIENTS} clients`,
    contenders: [await startPlainOrders(await stage.otherDatabase(), CLIENTS, PLAIN), api64],
    asks: [ASK],
  };
}

interface Orders {
  readonly name: string;
  readonly pid: number;
  readonly url: string;
  /** @returns so many requests that can each be made once */
  readonly prepare: (count: number) => Promise<Prepared[]>;
}

/** Makes more requests than can be answered in the time. @param state of the orders that a round adds to */
function contender(stage: Stage, state: 'pending' | 'paid', { name, pid, url, prepare }: Orders): Contender {
  let perSecond = PER_SECOND;
  let seconds = 1;
  let [requests, before]: [Prepared[], number] = [[], 0];
  return {
    name,
    pid,
    async prepare() {
      requests = await prepare(Math.ceil(1.5 * perSecond * seconds) + CLIENTS);
      before = await countOrders(stage, state);
    },
    async load(duration) {
      // The first load, which warms up, has too few and is repeated.
      seconds = duration;
      const loaded = await load({
        url,
        connections: CLIENTS,
        seconds,
        requests: { kind: 'once', requests },
      });
      perSecond = loaded.ranOut ? Math.max(2 * perSecond, loaded.perSecond) : loaded.perSecond;
      return loaded;
    },
    async check(loaded) {
      checkAnswers(name, loaded, 'accepted');
      const added = (await countOrders(stage, state)) - before;
      if (added < loaded.requests) {
        throw new Error(`${name}: ${loaded.requests} were answered, but ${added} orders are ${state}`);
      }
    },
  };
}

async function countOrders({ world }: Stage, state: 'pending' | 'paid'): Promise<number> {
  const [row] = await statement(world.services.mysql, (sql) =>
    sql
      .select({ count: raw<number>`count(*)` })
      .from(orders)
      .where(eq(orders.state, state)),
  );
  return Number(row?.count);
}

const intentOf = (holdId: string): string => `pi_${holdId}`;

async function orderOne({ world }: Stage, holdId: string): Promise<void> {
  const placed = await placeOrder(world.services, { holdId, paymentIntentId: intentOf(holdId) });
  if (placed.kind !== 'created') throw new Error(`an order of the bench was ${placed.kind}`);
}

function paymentOf(holdId: string): Prepared {
  const body = JSON.stringify({ payment_intent_id: intentOf(holdId), hold_id: holdId });
  const [id, seconds] = [`wh_${holdId}`, String(Math.floor(Date.now() / 1_000))];
  const signature = new Bun.CryptoHasher('sha256', WEBHOOK_KEY)
    .update(`${id}.${seconds}.${body}`)
    .digest('base64');
  return {
    body,
    headers: { 'webhook-id': id, 'webhook-timestamp': seconds, 'webhook-signature': `v1,${signature}` },
  };
}
