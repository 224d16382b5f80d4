/** What the others make of an API that dies while an operator changes something. */

import { expect } from 'bun:test';
import type { ReachablePoint } from '../reach.ts';
import { deliverCredits } from '../orders/give.ts';
import { keepSalesArmed } from '../sales/arming.ts';
import { rebuildSale } from '../sales/rebuild.ts';
import { placeOrder } from '../orders/orders.ts';
import { carryOutReplays } from '../payments/replay-worker.ts';
import { hold, ops, order, pay, send } from './client.ts';
import type { CrashStage, Scenario } from './crash-stage.ts';
import { settle } from './settling.ts';
import type { World } from './world.ts';

type OperatorPoint = Extract<
  ReachablePoint,
  'change.made' | 'shrink.taken' | 'shrink.committed' | 'sale.changed' | 'hold.changed' | 'replay.processed'
>;

export const OPERATOR_SCENARIOS: Record<OperatorPoint, readonly Scenario[]> = {
  'change.made': [
    {
      afterwards: 'the same key says that it was done, and nothing is done again (I6)',
      play: async (stage) => {
        const key = `change-${stage.saleId}`;
        await stage.dies((api) => stage.changeStock(api, 2, key));
        const again = await stage.changeStock(stage.world, 2, key);
        expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([200, 'true']);
        expect(again.body.data).toMatchObject({ action: 'sale.restock', target: `sale ${stage.saleId}` });
        await deliverCredits(stage.services, stage.saleId);
        expect(await stage.look()).toMatchObject({ allotment: 12, available: 12 });
      },
    },
  ],
  'sale.changed': [
    {
      afterwards: 'the change stands, and a worker tells Redis; no hold is lost (I6, I7)',
      play: async (stage) => {
        const holdId = await stage.held();
        await stage.dies((api) => ops(api, 'POST', `/ops/sales/${stage.saleId}/pause`));
        expect(await audited(stage, `sale ${stage.saleId}`)).toContainEqual('sale.pause');
        await keepSalesArmed(stage.services);
        expect((await hold(stage.world, stage.productId)).body.code).toBe('sale_paused');
        expect((await order(stage.world, holdId, stage.intent)).status).toBe(201);
        await stage.expectOneOrder(holdId);
      },
    },
  ],
  'hold.changed': [
    {
      afterwards: 'the same key releases nothing more, and the audit log hears of it once (I4)',
      play: async (stage) => {
        const holdId = await stage.held();
        const release = (api: Api) =>
          ops(api, 'POST', `/ops/holds/${holdId}/release`, undefined, { 'idempotency-key': holdId });
        await stage.dies(release);
        expect(await stage.look()).toMatchObject({ held: 0, available: 10 });
        expect(await audited(stage, `hold ${holdId}`)).toEqual([]);
        for (let i = 0; i < 2; i += 1) expect((await release(stage.world)).status).toBe(200);
        expect(await audited(stage, `hold ${holdId}`)).toEqual(['hold.release']);
        expect(await stage.look()).toMatchObject({ held: 0, available: 10 });
      },
    },
    {
      afterwards: 'an extension asked for again is within the longest hold (I7)',
      play: async (stage) => {
        const holdId = await stage.held();
        const extend = (api: Api) =>
          ops<{ expires_in_seconds: number }>(api, 'POST', `/ops/holds/${holdId}/extend`, { seconds: 300 });
        await stage.dies(extend);
        expect((await extend(stage.world)).body.data.expires_in_seconds).toBeWithin(299, 301);
        await rebuildSale(stage.services, stage.saleId);
        expect((await order(stage.world, holdId, stage.intent)).status).toBe(201);
        await stage.expectOneOrder(holdId);
      },
    },
  ],
  'replay.processed': [
    {
      afterwards: 'another worker finishes the replay, and each delivery has one result that is true (I5)',
      times: 2,
      workers: 'inline',
      play: async (stage) => {
        const { world, services, intent } = stage;
        const holdId = await stage.held();
        for (const nth of [1, 2, 3, 4, 5]) {
          await pay(world, holdId, intent, {}, { 'webhook-id': `msg_${nth}_${intent}` });
        }
        await placeOrder(services, { holdId, paymentIntentId: intent });
        const ids = await stage.leaveToReplay();
        const asked = await ops<{ id: number }>(world, 'POST', '/ops/webhooks/replay', { ids });
        await stage.dies();
        const replay = () => ops(world, 'GET', `/ops/webhooks/replays/${asked.body.data.id}`);
        expect((await replay()).body.data).toMatchObject({ state: 'running', done: 2, changed: 1 });
        await carryOutReplays(services);
        expect((await replay()).body.data).toMatchObject({ state: 'done', done: 5, changed: 1, failed: 0 });
        await stage.expectReplayedOnce(ids);
        await stage.expectPaidOnce(holdId, 'applied');
      },
    },
  ],
  'shrink.taken': [
    {
      afterwards: 'nothing was taken out, and the units come back once (I2, I4)',
      play: async (stage) => {
        await stage.dies((api) => stage.changeStock(api, -3));
        expect(await stage.look()).toMatchObject({ pinned: 3, available: 7, allotment: 10 });
        await settlesTwice(stage, { pinned: 0, available: 10, allotment: 10 });
      },
    },
  ],
  'shrink.committed': [
    {
      afterwards: 'the units are out of the sale, and the settler alone tells Redis (I2, I4)',
      play: async (stage) => {
        await stage.dies((api) => stage.changeStock(api, -3));
        expect(await stage.look()).toMatchObject({ pinned: 0, available: 7, allotment: 7 });
        await settlesTwice(stage, { pinned: 0, available: 7, allotment: 7 });
        const { body } = await send(stage.world, 'GET', `/api/products/${stage.productId}`);
        expect(body.data).toMatchObject({ total_stock: 7, available_stock: 7 });
      },
    },
  ],
};

/** Of the point after a give was committed. */
export const RESTOCK_INTERRUPTED: Scenario = {
  afterwards: 'units that an operator added are owed, and delivered once (I2, I4)',
  play: async (stage) => {
    await stage.dies((api) => stage.changeStock(api, 3));
    expect(await stage.look()).toMatchObject({ owed: 3, available: 10, allotment: 13 });
    await settlesTwice(stage, { owed: 0, available: 13, allotment: 13 });
  },
};

type Api = Pick<World, 'listening'>;

/** What the audit log says was done to it, oldest first. */
async function audited({ world }: CrashStage, target: string): Promise<string[]> {
  const query = new URLSearchParams({ target }).toString();
  const { body } = await ops<{ items: { action: string }[] }>(world, 'GET', `/ops/audit?${query}`);
  return body.data.items.map(({ action }) => action).toReversed();
}

async function settlesTwice(stage: CrashStage, expected: Record<string, number>): Promise<void> {
  for (let i = 0; i < 2; i += 1) {
    await settle(stage.services, stage.saleId);
    expect(await stage.look()).toMatchObject(expected);
  }
}
