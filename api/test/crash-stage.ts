/** One sale, an API that will die in it, and checks that hold whatever it died at. The world's own API lives on. */

import { expect } from 'bun:test';
import { eq, sql as raw } from 'drizzle-orm';
import { auditLog, deliveries, deliveryAttempts } from '@flash-sale/drizzle/schema.ts';
import { statement } from '../mysql/transaction.ts';
import { deliverCredits } from '../orders/give.ts';
import type { Services } from '../services.ts';
import { startApi, type ApiProcess } from './api-process.ts';
import { audit } from './audit.ts';
import { hold, ops, order, pay, send } from './client.ts';
import { ledger, passDeadline, settle, shortHold } from './settling.ts';
import type { OneSale, World } from './world.ts';

export interface Scenario {
  /** What the others make of it. */
  readonly afterwards: string;
  /** It dies when it gets to the point for this time; the first unless told otherwise. */
  readonly times?: number;
  /** Workers run in the dying process, and one of them gets there. */
  readonly workers?: 'inline';
  readonly play: (stage: CrashStage) => Promise<void>;
}

/** The allotment is ten units, and every hold of the buyer is of two. */
export class CrashStage {
  readonly world: World;
  readonly services: Services;
  readonly saleId: number;
  readonly productId: number;
  readonly intent: string;
  readonly #crashAt: string;
  readonly #workers: 'inline' | 'off';

  constructor(world: World, sale: OneSale, crashAt: string, workers: 'inline' | 'off') {
    this.world = world;
    this.services = world.services;
    this.saleId = sale.saleId;
    this.productId = sale.productId;
    this.intent = `pi_${sale.saleId}`;
    this.#crashAt = crashAt;
    this.#workers = workers;
  }

  /** Starts the API that will die, sends it something, and sees it die just there. Without a request a worker does it. */
  async dies(request: (dying: ApiProcess) => Promise<unknown> = () => Promise.resolve()): Promise<void> {
    const dying = await startApi(this.world, {
      script: 'test/crashing-server.ts',
      workers: this.#workers,
      env: { CRASH_AT: this.#crashAt },
    });
    const deadline = performance.now() + 10_000;
    let isAlive = true;
    void dying.ended.then(() => (isAlive = false));
    while (isAlive && performance.now() < deadline) {
      // Its answer may be faster than its death, and on a busy machine its death may need another try.
      await request(dying).catch(() => {});
      await Promise.race([dying.ended, Bun.sleep(1_000)]);
    }
    if (isAlive) await dying.kill();
    const point = this.#crashAt.replace(/:\d+$/, '');
    expect([await dying.ended, await dying.output()]).toEqual(['SIGKILL', point]);
  }

  /** I2 at every look. */
  async look() {
    const seen = await audit(this.services, this.saleId);
    expect(seen.drift).toBe(0);
    return seen;
  }

  /** An operator adds units, or takes them out. */
  changeStock(api: Pick<World, 'listening'>, change: number, key?: string) {
    const headers = key === undefined ? {} : { 'idempotency-key': key };
    return ops<{ allotment: number }>(api, 'POST', `/ops/sales/${this.saleId}/stock`, { change }, headers);
  }

  /** The parked deliveries of the intent, which the inbox will not look at for an hour. @returns their ids. */
  async leaveToReplay(): Promise<number[]> {
    return statement(this.services.mysql, async (sql) => {
      const isOurs = eq(deliveries.intentId, this.intent);
      await sql
        .update(deliveries)
        .set({ nextAttemptAt: raw`utc_timestamp(3) + interval 1 hour` })
        .where(isOurs);
      const rows = await sql.select({ id: deliveries.id }).from(deliveries).where(isOurs);
      return rows.map(({ id }) => id);
    });
  }

  /** One attempt and one row of the audit log each, whoever died. */
  async expectReplayedOnce(ids: readonly number[]): Promise<void> {
    const written = await statement(this.services.mysql, async (sql) => ({
      attempts: await sql.select().from(deliveryAttempts).where(eq(deliveryAttempts.cause, 'replay')),
      audited: await sql.select().from(auditLog).where(eq(auditLog.action, 'webhook.replay')),
    }));
    const byId = (a: number, b: number) => a - b;
    const sorted = ids.toSorted(byId);
    expect(written.attempts.map(({ deliveryId }) => deliveryId).toSorted(byId)).toEqual(sorted);
    expect(written.audited.map(({ target }) => target).toSorted()).toEqual(
      sorted.map((id) => `delivery ${id}`).toSorted(),
    );
  }

  async held(): Promise<string> {
    return (await hold(this.world, this.productId, { quantity: 2 })).body.data.hold_id;
  }

  /** Dies in an order whose hold has little time left. @returns the hold. */
  async diesOrderingAtTheLastMoment(): Promise<string> {
    let holdId = '';
    await this.dies(async (dying) => {
      holdId = await shortHold(this.services, this.saleId);
      return order(dying, holdId, this.intent);
    });
    return holdId;
  }

  /** @returns the hold of a pending order. */
  async ordered(): Promise<string> {
    const holdId = await this.held();
    expect((await order(this.world, holdId, this.intent)).status).toBe(201);
    return holdId;
  }

  async expectOneOrder(holdId: string): Promise<void> {
    await settle(this.services, this.saleId);
    const { orders, outcomes } = await ledger(this.services, this.saleId);
    expect(orders).toMatchObject([{ holdId, quantity: 2, state: 'pending' }]);
    expect(outcomes).toMatchObject([{ holdId, outcome: 'ordered', orderId: orders[0]?.id }]);
    expect(await this.look()).toMatchObject({ committed: 2, available: 8, pinned: 0, held: 0 });
    const seen = await send(this.world, 'GET', `/api/holds/${holdId}`);
    expect(seen.body.data).toMatchObject({ state: 'ordered' });
  }

  async expectVoided(holdId: string): Promise<void> {
    await passDeadline(this.services, this.saleId, holdId);
    for (let i = 0; i < 2; i += 1) {
      await settle(this.services, this.saleId);
      expect(await this.look()).toMatchObject({ available: 10, pinned: 0, held: 0, committed: 0 });
    }
    const { orders, outcomes } = await ledger(this.services, this.saleId);
    expect(orders).toEqual([]);
    expect(outcomes).toMatchObject([{ holdId, outcome: 'expired' }]);
    expect((await order(this.world, holdId, this.intent)).body.code).toBe('hold_expired');
  }

  async expectGivenOnce(state: 'expired' | 'cancelled'): Promise<void> {
    for (let i = 0; i < 2; i += 1) {
      await this.look();
      await deliverCredits(this.services, this.saleId);
      expect(await this.look()).toMatchObject({ available: 10, owed: 0, committed: 0 });
    }
    const { orders, credits } = await ledger(this.services, this.saleId);
    expect(orders).toMatchObject([{ state }]);
    expect(credits).toMatchObject([{ units: 2, deliveredAt: expect.any(Date) }]);
  }

  /** However often the provider sends it: one payment, one disposition, the units sold once. */
  async expectPaidOnce(holdId: string, disposition: 'applied' | 'late_applied'): Promise<void> {
    for (let i = 0; i < 2; i += 1) {
      const again = await pay(this.world, holdId, this.intent);
      expect(again.status).toBe(200);
      expect(again.body.data).toMatchObject({ hold_id: holdId, status: 'paid', payment: disposition });
      await settle(this.services, this.saleId);
    }
    const { orders, payments } = await ledger(this.services, this.saleId);
    expect(orders).toMatchObject([{ holdId, state: 'paid' }]);
    expect(payments).toMatchObject([{ disposition, orderId: orders[0]?.id, intentId: this.intent }]);
    expect(await this.look()).toMatchObject({ available: 8, committed: 2, pinned: 0 });
  }
}
