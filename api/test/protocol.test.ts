/**
 * Random walks over everything that can happen to one small sale, with deaths in the middle of it. Whenever Redis is
 * armed the sale adds up, and what was acknowledged stays true. PROTOCOL_SEED makes the same walk again,
 * PROTOCOL_STEPS a longer one.
 */

import { afterAll, beforeAll, expect, test } from 'bun:test';
import { placeHold, releaseHold } from '../holds/holds.ts';
import { auditSale } from '../orders/audit.ts';
import { placeOrder } from '../orders/orders.ts';
import type { ReachablePoint } from '../reach.ts';
import { reapHolds } from '../redis/hold-scripts.ts';
import { rebuildSale } from '../sales/rebuild.ts';
import { StoreUnavailable } from '../store-unavailable.ts';
import { audit } from './audit.ts';
import { pay } from './client.ts';
import { RedisFaults } from './redis-faults.ts';
import { chanceOf, seedFrom, type Chance } from './seeded.ts';
import { expire, ledger, settle } from './settling.ts';
import { until } from './until.ts';
import { createWorld, type OneSale, type World } from './world.ts';

const STEPS = Number(process.env['PROTOCOL_STEPS'] ?? 600);
const STEPS_PER_SALE = 60;
const ALLOTMENT = 8;
const BUYER_LIMIT = 5;

/** Thrown where a process would have been killed: nothing after it runs. */
class Died extends Error {}

/** Where work may die. Two more points lie in the background, where nobody would catch it; crash.test.ts kills there. */
const DEATHS: readonly ReachablePoint[] = [
  'hold.decided',
  'order.pinned',
  'order.written',
  'order.committed',
  'give.committed',
  'delivery.recorded',
  'payment.taken',
  'payment.committed',
  'pin.voided',
  'rebuild.raised',
  'rebuild.begun',
  'rebuild.kept',
  'rebuild.read',
];

let world: World;
let redis: RedisFaults;
let deathAt: ReachablePoint | null = null;
beforeAll(async () => {
  world = await createWorld({
    reach: (point) => {
      if (point !== deathAt) return;
      deathAt = null;
      throw new Died(point);
    },
  });
  redis = new RedisFaults(world);
});
afterAll(async () => {
  await world.close();
  await redis.stop();
});

interface Visit {
  readonly request: Parameters<typeof placeHold>[1];
  readonly intentId: string;
  holdId: string | null;
  orderId: string | null;
  isPaid: boolean;
}

interface Step {
  /** Relative to the others. */
  readonly often: number;
  readonly name: string;
  readonly take: () => Promise<unknown>;
}

/** Of Redis. */
function isFault({ name }: Step): boolean {
  return name === name.toUpperCase();
}

function isExcused(error: unknown): boolean {
  return error instanceof Died || error instanceof StoreUnavailable;
}

class Walk {
  readonly #sale: OneSale;
  readonly #chance: Chance;
  readonly #visits: Visit[] = [];
  readonly trace: string[] = [];
  readonly #hasFaults: boolean;
  #internalErrors = 0;

  constructor(sale: OneSale, chance: Chance) {
    this.#sale = sale;
    this.#chance = chance;
    this.#hasFaults = chance.next() < 0.6;
  }

  readonly #steps: readonly Step[] = [
    { often: 24, name: 'hold', take: () => this.#hold(this.#newVisit()) },
    { often: 6, name: 'hold again', take: () => this.#withVisit((visit) => this.#hold(visit)) },
    { often: 10, name: 'release', take: () => this.#withVisit((visit) => this.#release(visit)) },
    { often: 24, name: 'order', take: () => this.#withVisit((visit) => this.#order(visit)) },
    { often: 10, name: 'pay', take: () => this.#withVisit((visit) => this.#pay(visit, 'success')) },
    { often: 8, name: 'fail', take: () => this.#withVisit((visit) => this.#pay(visit, 'failed')) },
    { often: 6, name: 'expire', take: () => this.#withVisit((visit) => this.#expire(visit)) },
    { often: 8, name: 'settle', take: () => settle(world.services, this.#sale.saleId) },
    { often: 8, name: 'reap', take: () => reapHolds(world.services.redis, this.#sale.saleId) },
    { often: 4, name: 'rebuild', take: () => rebuildSale(world.services, this.#sale.saleId) },
    { often: 2, name: 'FORGET', take: () => redis.forget(this.#sale.saleId) },
    { often: 1, name: 'RESTART', take: () => redis.restart() },
    { often: 1, name: 'RESTART EMPTY', take: () => redis.restartEmpty() },
    { often: 1, name: 'GO BACK', take: () => this.#goBack() },
  ];

  /** One step, or a few at once, and perhaps a death in one of them. */
  async step(): Promise<void> {
    const together = [this.#pickStep()];
    while (this.#chance.next() < 0.5) {
      const step = this.#pickStep();
      // Redis has one life to lose at a time.
      if (!isFault(step) || !together.some(isFault)) together.push(step);
    }
    const death = this.#chance.next() < 0.25 ? this.#chance.pick(DEATHS) : null;
    deathAt = death;
    const ended = await Promise.allSettled(together.map(({ take }) => take()));
    const hasDied = death !== null && deathAt === null;
    deathAt = null;
    this.trace.push(`${together.map(({ name }) => name).join(' + ')}${hasDied ? `, dead at ${death}` : ''}`);
    for (const end of ended) {
      if (end.status === 'rejected' && !isExcused(end.reason)) throw end.reason;
    }
    // An API that dies in name only lives on to say 500.
    expect(this.#internalErrors).toBeLessThanOrEqual(hasDied ? 1 : 0);
    this.#internalErrors = 0;
    await this.check();
  }

  /** I1 and I2 at every look; null while the sale is not armed. */
  async check(): Promise<void> {
    const seen = await auditSale(world.services, this.#sale.saleId);
    if (seen === null) return;
    expect(seen.drift).toBe(0);
    expect(seen.ordered).toBe(seen.committed);
    expect(seen.committed).toBeLessThanOrEqual(ALLOTMENT);
    if (!this.#hasFaults) expect(seen.available).toBeGreaterThanOrEqual(0);
  }

  /** I8: when faults stop, everything settles, and every unit that nobody bought can be sold. */
  async finish(): Promise<void> {
    const { saleId } = this.#sale;
    await this.#sellEverything();
    await until(async () => {
      await settle(world.services, saleId);
      const seen = await auditSale(world.services, saleId);
      return seen?.pinned === 0 && seen.owed === 0 && seen.available === 0;
    });
    await this.check();
    // Every order here is of a known buyer.
    const end = await audit(world.services, saleId);
    expect(end.buyerUnits).toBe(end.committed);
    const written = await ledger(world.services, saleId);
    for (const { holdId, orderId, isPaid, intentId } of this.#visits) {
      const ofHold = written.orders.filter((order) => order.holdId === holdId);
      if (orderId !== null) expect(ofHold.map(({ id }) => id)).toEqual([orderId]);
      if (!isPaid) continue;
      expect(ofHold.map(({ state }) => state)).toEqual(['paid']);
      expect(written.payments.filter((payment) => payment.intentId === intentId).length).toBe(1);
    }
    const units = new Map<string | null, number>();
    for (const { state, buyerId, quantity } of written.orders) {
      if (state === 'pending' || state === 'paid') units.set(buyerId, (units.get(buyerId) ?? 0) + quantity);
    }
    expect(Math.max(0, ...units.values())).toBeLessThanOrEqual(BUYER_LIMIT);
  }

  async #sellEverything(): Promise<void> {
    for (const visit of this.#visits) {
      if (visit.holdId === null) continue;
      const { kind } = await releaseHold(world.services, visit.holdId);
      // Its order was begun and died: only the buyer, or the deadline, goes on with it.
      if (kind === 'hold_ordered') await this.#order(visit);
    }
    let buyer = 0;
    await until(async () => {
      await settle(world.services, this.#sale.saleId);
      const request = { ...this.#newRequest(), quantity: 1, buyerId: `last-${(buyer += 1)}`, ttlMs: null };
      const { kind } = await placeHold(world.services, request);
      const seen = await auditSale(world.services, this.#sale.saleId);
      return kind === 'insufficient_stock' && seen?.pinned === 0;
    });
  }

  async #hold(visit: Visit): Promise<void> {
    const reply = await placeHold(world.services, visit.request);
    // After a loss the same key gives another hold; this buyer keeps asking for the first.
    if (reply.kind === 'held' || reply.kind === 'replayed') visit.holdId ??= reply.holdId;
  }

  async #release({ holdId }: Visit): Promise<void> {
    if (holdId !== null) await releaseHold(world.services, holdId);
  }

  async #order(visit: Visit): Promise<void> {
    const { holdId, orderId: known } = visit;
    if (holdId === null) return;
    const reply = await placeOrder(world.services, { holdId, paymentIntentId: visit.intentId });
    const isOrdered = reply.kind === 'created' || reply.kind === 'existing';
    // I6: what was ordered once is ordered for ever.
    if (known !== null) expect(isOrdered && reply.order.id).toBe(known);
    if (isOrdered) visit.orderId = reply.order.id;
    // I7: unless Redis lost data, every hold is honoured until it ends.
    if (!this.#hasFaults) expect(reply.kind).not.toBe('hold_lost');
  }

  async #pay(visit: Visit, event: 'success' | 'failed'): Promise<void> {
    const { holdId, orderId, intentId, isPaid: wasPaid } = visit;
    if (orderId === null || holdId === null) return;
    const { status, body } = await pay(world, holdId, intentId, { event });
    if (status === 500) this.#internalErrors += 1;
    else expect([200, 503]).toContain(status);
    if (status !== 200) return;
    // I5: money that was taken is not untaken.
    if (wasPaid) expect(body.data.status).toBe('paid');
    if (body.data.status === 'paid') visit.isPaid = true;
  }

  async #expire({ orderId }: Visit): Promise<void> {
    if (orderId !== null) await expire(world.services, this.#sale.saleId, [orderId]);
  }

  async #goBack(): Promise<void> {
    const goBack = redis.keepState();
    for (let i = 0; i < 3; i += 1) await this.#hold(this.#newVisit());
    await goBack();
  }

  #newVisit(): Visit {
    const request = this.#newRequest();
    const visit = {
      request,
      intentId: `pi_${crypto.randomUUID()}`,
      holdId: null,
      orderId: null,
      isPaid: false,
    };
    this.#visits.push(visit);
    return visit;
  }

  #newRequest(): Visit['request'] {
    return {
      productId: this.#sale.productId,
      quantity: this.#chance.integer(1, 3),
      ttlMs: this.#chance.pick([5, 40, null, null]),
      buyerId: this.#chance.pick(['ann', 'bob', 'cleo', 'dan', 'eve']),
      idempotencyKey: crypto.randomUUID(),
    };
  }

  async #withVisit(act: (visit: Visit) => unknown): Promise<void> {
    // Late visits are the interesting ones: early ones are over.
    const recent = this.#visits.slice(-6);
    if (recent.length > 0) await act(this.#chance.pick(recent));
  }

  #pickStep(): Step {
    const steps = this.#steps.filter((step) => this.#hasFaults || !isFault(step));
    let at = this.#chance.next() * steps.reduce((sum, { often }) => sum + often, 0);
    return steps.find(({ often }) => (at -= often) < 0) ?? this.#pickStep();
  }
}

const seed = seedFrom('PROTOCOL_SEED');

test(
  `${STEPS} random steps keep every invariant (I1..I8, seed ${seed})`,
  async () => {
    const chance = chanceOf(seed);
    for (let done = 0; done < STEPS; done += STEPS_PER_SALE) {
      const sale = await world.sale({ allotment: ALLOTMENT, buyerLimit: BUYER_LIMIT });
      const walk = new Walk(sale, chance);
      try {
        for (let step = 0; step < STEPS_PER_SALE; step += 1) await walk.step();
        await walk.finish();
      } catch (error) {
        throw new Error(`PROTOCOL_SEED=${seed}, after: ${walk.trace.join('; ')}`, { cause: error });
      }
    }
  },
  30_000 + STEPS * 100,
);
