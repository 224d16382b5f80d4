/** What the others make of an API that dies while an operator changes something. */

import { expect } from 'bun:test';
import type { ReachablePoint } from '../reach.ts';
import { deliverCredits } from '../orders/give.ts';
import { send } from './client.ts';
import type { CrashStage, Scenario } from './crash-stage.ts';
import { settle } from './settling.ts';

type OperatorPoint = Extract<ReachablePoint, 'change.made' | 'shrink.taken' | 'shrink.committed'>;

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

async function settlesTwice(stage: CrashStage, expected: Record<string, number>): Promise<void> {
  for (let i = 0; i < 2; i += 1) {
    await settle(stage.services, stage.saleId);
    expect(await stage.look()).toMatchObject(expected);
  }
}
