/** Where a story is played: the processes, what they work on, and what the models make of it. */

import type { Services } from '../../services.ts';
import { expectAsModelled, expectConserved, expectEqual } from './exact-look.ts';
import { DIED, FeatureModel } from './feature-model.ts';
import { expectRows, readRows, type Rows } from './feature-look.ts';
import { Died, type FeatureWorld } from './feature-world.ts';
import type { LedgerModel, ModelOrder } from './ledger-model.ts';
import { photograph, shiftClock, type Photograph } from './photograph.ts';
import { RedisModel } from './redis-model.ts';
import { choose } from './script-rebuilds.ts';
import { expectTold } from './told-look.ts';

export class FeatureStage {
  readonly world: FeatureWorld;
  /** Two processes of the API. */
  readonly one: Services;
  readonly other: Services;
  readonly saleId: number;
  readonly productId: number;
  readonly redis = new RedisModel();
  readonly ledger: LedgerModel;
  readonly model: FeatureModel;
  /** Holds that a buyer was told of, in order; what they are now is another matter. */
  readonly told: string[] = [];

  constructor(world: FeatureWorld, processes: { one: Services; other: Services }, ledger: LedgerModel) {
    this.world = world;
    this.one = processes.one;
    this.other = processes.other;
    this.saleId = world.sale.saleId;
    this.productId = world.sale.productId;
    this.ledger = ledger;
    this.model = new FeatureModel(this.redis, ledger);
  }

  /** Everything that both stores hold, once nothing is under way. */
  async look(): Promise<void> {
    await this.world.quiet();
    const { redis } = this.world.world.services;
    const [taken, rows] = await Promise.all([photograph(redis, this.saleId), readRows(this.world.mysql)]);
    const photo = { ...taken, applied: taken.applied.map((id) => rows.creditSeqs.get(id) ?? -id) };
    this.#nameUnnamed(photo, rows);
    this.redis.adopt((holdId) => photo.holds.get(holdId)?.state === 'expired');
    expectRows(rows, this.ledger, this.model);
    expectConserved(photo, this.ledger);
    expectAsModelled(photo, this.redis);
    expectTold(photo);
    const { committed, allotment } = this.ledger;
    expectEqual('units of pending and paid orders (I1)', this.ledger.orderedUnits(), committed);
    if (committed > allotment) throw new Error(`committed ${committed} of ${allotment} (I1)`);
    for (const [holdId, orderId] of rows.orderIds) this.model.orderIds.set(holdId, orderId);
  }

  /** Finds what the model could not know the id of: by what has become of it. */
  #nameUnnamed(photo: Photograph, rows: Rows): void {
    const known = new Set([...this.redis.holds.keys(), ...this.ledger.outcomes.keys()]);
    const unknown = new Set([...photo.holds.keys(), ...rows.outcomeOf.keys()].filter((id) => !known.has(id)));
    for (const name of this.model.unnamed()) {
      const found = [...unknown].find(
        (id) =>
          photo.holds.get(id)?.state === this.redis.holds.get(name)?.state &&
          rows.outcomeOf.get(id) === this.ledger.outcomes.get(name),
      );
      if (found === undefined) continue;
      unknown.delete(found);
      this.model.rename(name, found);
    }
  }

  // ---- choosing ----

  /** Mostly the newest: older holds have ended. */
  chooseHold(nth: number): string | undefined {
    return choose(this.told.slice(nth % 4 === 0 ? 0 : -6), nth);
  }

  intentOf(holdId: string): string {
    return `pi_${this.told.indexOf(holdId)}`;
  }

  chooseOrder(nth: number): ModelOrder | undefined {
    return choose([...this.ledger.orders.values()].slice(nth % 4 === 0 ? 0 : -5), nth);
  }

  pending(): ModelOrder[] {
    return [...this.ledger.orders.values()].filter(({ state }) => state === 'pending');
  }

  async shiftClock(byMs: number): Promise<void> {
    await shiftClock(this.world.world.services.redis, this.saleId, byMs);
    this.redis.shiftClock(byMs);
  }
}

/** One thing that may happen. @returns false when it cannot: there is nothing to pay, say */
export type Step = (stage: FeatureStage, nth: number) => Promise<boolean>;

/** For what a process does that dies on the way: nobody gets an answer. */
export async function orDied<Result>(work: Promise<Result>): Promise<Result | typeof DIED> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Died) return DIED;
    throw error;
  }
}
