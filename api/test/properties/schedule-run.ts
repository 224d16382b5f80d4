/**
 * Several processes at work on one sale at the same time. Every call to a store waits for its turn, and chance says
 * whose turn it is; the calls themselves go to a real Redis and a real MariaDB, where they may block each other.
 */

import { placeHold, readHold, releaseHold } from '../../holds/holds.ts';
import { expireOrders } from '../../orders/expiry.ts';
import { deliverCredits } from '../../orders/give.ts';
import { placeOrder } from '../../orders/orders.ts';
import { settleOverduePins } from '../../orders/settler.ts';
import { applyParked } from '../../payments/inbox.ts';
import { reapHolds } from '../../redis/hold-scripts.ts';
import { keepSalesArmed } from '../../sales/arming.ts';
import { rebuildSale } from '../../sales/rebuild.ts';
import { moveSale } from '../../sales/sales.ts';
import type { Services } from '../../services.ts';
import { StoreUnavailable } from '../../store-unavailable.ts';
import type { FeatureWorld } from './feature-world.ts';
import { letPass, shiftClock } from './photograph.ts';
import { expectRight, settleAndLook, type Heard } from './schedule-outcome.ts';
import { pay, setScene, type SceneHold } from './schedule-scene.ts';
import type { ActorKind, ScheduleStory } from './schedule-steps.ts';
import { tapped, type Tap } from './store-taps.ts';

export async function playSchedule(
  world: FeatureWorld,
  story: ScheduleStory,
  rewrite?: (statement: string) => string,
): Promise<number> {
  const { scene, actors, scheduler } = story;
  const { one, other } = await world.begin(scene, rewrite);
  const holds = await setScene(world, one, scene);
  if (holds.length === 0) return 0;
  const turns = new Turns();
  const playing = actors.map((plan, index) => {
    const hold = holds[plan.nth % holds.length] as SceneHold;
    const intentId = plan.do === 'orderOtherIntent' ? 'pi_other' : hold.intentId;
    const name = `${index} ${plan.do}`;
    const tap: Tap = async (call, run) => {
      await scheduler.schedule(Promise.resolve(), `${name}: ${call.what.slice(0, 60)}`);
      return turns.take(run);
    };
    const services = tapped(index % 2 === 0 ? one : other, { tap });
    return act(plan.do, { world, services, hold, intentId }).then((answer): Heard => ({
      do: plan.do,
      hold,
      intentId,
      answer,
    }));
  });
  await scheduler.waitFor(Promise.allSettled(playing), (task) => turns.give(task));
  await world.quiet();
  const heard = await Promise.all(playing);
  await expectRight(world, heard, scene);
  await settleAndLook(world, one);
  return 1;
}

/** How long a call may take before it is taken for one that waits for another's lock. */
const BLOCKED_AFTER_MS = 4;

/** One call at a time, unless the one under way is blocked: then whoever blocks it must have its turn. */
class Turns {
  #call: Promise<unknown> = Promise.resolve();

  take(run: () => Promise<unknown>): Promise<unknown> {
    const call = run();
    this.#call = call.catch(() => {});
    return call;
  }

  async give(task: () => Promise<void>): Promise<void> {
    await task();
    // The one whose turn it is makes its call in this pause.
    await nextTurn();
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, BLOCKED_AFTER_MS);
    await Promise.race([this.#call, promise]);
    clearTimeout(timer);
    await nextTurn();
  }
}

function nextTurn(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  setImmediate(resolve);
  return promise;
}

interface Part {
  readonly world: FeatureWorld;
  readonly services: Services;
  readonly hold: SceneHold;
  readonly intentId: string;
}

async function act(kind: ActorKind, part: Part): Promise<Heard['answer']> {
  try {
    return (await ACTS[kind](part)) ?? { kind: 'nothing' };
  } catch (error) {
    // An honest answer: the caller asks again. What was done by then must be right all the same.
    if (error instanceof StoreUnavailable) return { kind: 'unavailable' };
    throw error;
  }
}

type Act = (part: Part) => Promise<{ readonly kind: string } | void>;

const ACTS: Readonly<Record<ActorKind, Act>> = {
  hold: ({ services, world }) =>
    placeHold(services, {
      productId: world.sale.productId,
      quantity: 1,
      ttlMs: null,
      buyerId: 'bob',
      idempotencyKey: null,
    }),
  order: ({ services, hold, intentId }) => order(services, hold, intentId),
  orderOtherIntent: ({ services, hold, intentId }) => order(services, hold, intentId),
  release: ({ services, hold }) => releaseHold(services, hold.holdId),
  read: ({ services, hold }) => readHold(services, hold.holdId),
  pay: ({ services, hold, intentId }) => pay(services, hold.holdId, intentId),
  payFailed: ({ services, hold, intentId }) => pay(services, hold.holdId, intentId, 'payment_failed'),
  expireOrders: async ({ services }) => void (await expireOrders(services)),
  deliver: async ({ services, world }) => void (await deliverCredits(services, world.sale.saleId)),
  settler: async ({ services, world }) => void (await settleOverduePins(services, world.sale.saleId)),
  reaper: async ({ services, world }) => void (await reapHolds(services.redis, world.sale.saleId)),
  rebuild: ({ services, world }) => rebuildSale(services, world.sale.saleId),
  keepArmed: async ({ services }) => void (await keepSalesArmed(services)),
  halt: ({ services, world }) => moveSale(services, world.sale.saleId, 'halted'),
  endLeases: ({ services, world }) => letPass(services.redis, world.sale.saleId, 'leases', 1_000),
  passDeadlines: ({ services, world }) => shiftClock(services.redis, world.sale.saleId, 3_600_000),
  flush: async ({ services }) => void (await services.redis.call('FLUSHALL')),
};

async function order(services: Services, { holdId }: SceneHold, paymentIntentId: string) {
  const placed = await placeOrder(services, { holdId, paymentIntentId });
  if (placed.kind === 'created') await applyParked(services, placed.order);
  return placed;
}
