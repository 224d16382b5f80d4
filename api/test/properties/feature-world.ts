/** Stores of its own on which stories are played one after the other, each as if the world had just begun. */

import type { Pool } from 'mysql2/promise';
import type { ReachablePoint } from '../../reach.ts';
import type { Services } from '../../services.ts';
import { RedisFaults } from '../redis-faults.ts';
import { createWorld, type OneSale, type World } from '../world.ts';
import { HOLD_TTL_MS } from './redis-model.ts';
import { tapped, type Tap } from './store-taps.ts';

/** Thrown where a process of a story dies. What it began and did not wait for goes on, as it may in real life. */
export class Died extends Error {
  override readonly name = 'Died';
}

const TABLES = [
  'orders',
  'hold_outcomes',
  'buyer_units',
  'stock_credits',
  'payments',
  'deliveries',
  'heartbeats',
] as const;

export class FeatureWorld {
  readonly world: World;
  readonly faults: RedisFaults;
  readonly sale: OneSale;
  /** The second process. */
  readonly #another: Services;
  #underWay = 0;

  private constructor(world: World, sale: OneSale, another: Services) {
    this.world = world;
    this.sale = sale;
    this.#another = another;
    this.faults = new RedisFaults(world);
  }

  static async open(): Promise<FeatureWorld> {
    const world = await createWorld();
    const sale = await world.sale();
    return new FeatureWorld(world, sale, await world.another());
  }

  close(): Promise<void> {
    return this.world.close();
  }

  get mysql(): Pool {
    return this.world.services.mysql;
  }

  /** Forgets the story before, and begins one with a sale of these terms that no Redis knows of. */
  async begin(
    { allotment, buyerLimit }: { allotment: number; buyerLimit: number | null },
    rewrite: (statement: string) => string = (statement) => statement,
  ): Promise<{ one: Services; other: Services }> {
    const { redis } = this.world.services;
    const connection = await this.mysql.getConnection();
    try {
      await connection.query('START TRANSACTION');
      for (const table of TABLES) await connection.query(`DELETE FROM ${table}`);
      await connection.query(
        `UPDATE sales SET state = 'live', allotment = ?, buyer_limit = ?, committed = 0, seq = 0, epoch = 0,
           armed_epoch = 0, hold_ttl_ms = ?`,
        [allotment, buyerLimit, HOLD_TTL_MS],
      );
      await connection.query('COMMIT');
    } finally {
      connection.release();
    }
    await redis.flushall();
    return {
      one: this.#counted(this.world.services, rewrite),
      other: this.#counted(this.#another, rewrite),
    };
  }

  /** A process that dies when it comes to a point. */
  dying(services: Services, at: ReachablePoint): Services {
    const reach = (point: ReachablePoint) => {
      if (point === at) throw new Died(at);
    };
    return { ...services, reach };
  }

  #counted(services: Services, rewrite: (statement: string) => string): Services {
    const tap: Tap = async (_, run) => {
      this.#underWay += 1;
      try {
        return await run();
      } finally {
        this.#underWay -= 1;
      }
    };
    return tapped(services, { tap, rewrite });
  }

  /** Resolves when nothing is under way that a caller did not wait for. */
  async quiet(): Promise<void> {
    for (let turns = 0; turns < 2; turns = this.#underWay === 0 ? turns + 1 : 0) await nextTurn();
  }

  /** After Redis was away: every process has found it again. */
  async reconnected(): Promise<void> {
    await this.world.services.ready(15_000);
    await this.#another.ready(15_000);
  }
}

function nextTurn(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  setImmediate(resolve);
  return promise;
}
