/** Whether what everybody was told is true, and whether everything comes to rest. */

import { auditSale } from '../../orders/audit.ts';
import { deliverCredits } from '../../orders/give.ts';
import { settleOverduePins } from '../../orders/settler.ts';
import { workOffInbox } from '../../payments/inbox.ts';
import { reapHolds } from '../../redis/hold-scripts.ts';
import { keepSalesArmed } from '../../sales/arming.ts';
import type { Services } from '../../services.ts';
import { ageDeliveries } from '../settling.ts';
import { expectEqual } from './exact-look.ts';
import { readRows, type Rows } from './feature-look.ts';
import type { FeatureWorld } from './feature-world.ts';
import { letPass, photograph, shiftClock } from './photograph.ts';
import type { SceneHold } from './schedule-scene.ts';
import type { ActorKind, Scene } from './schedule-steps.ts';

/** What an actor was answered. */
export interface Heard {
  readonly do: ActorKind;
  readonly hold: SceneHold;
  readonly intentId: string;
  readonly answer: { readonly kind: string; readonly disposition?: string | null };
}

interface WrittenOrder {
  readonly state: string;
  readonly intentId: string;
}

function ordersIn(rows: Rows): Map<string, WrittenOrder> {
  return new Map(
    rows.orders.map((line) => {
      const [holdId = '', state = '', , , intentId = ''] = line.split(' ');
      return [holdId, { state, intentId }];
    }),
  );
}

export async function expectRight(world: FeatureWorld, heard: readonly Heard[], scene: Scene): Promise<void> {
  const rows = await readRows(world.mysql);
  const orders = ordersIn(rows);
  const isUndisturbed = !heard.some(({ do: kind }) =>
    ['flush', 'passDeadlines', 'release', 'halt', 'orderOtherIntent'].includes(kind),
  );
  for (const one of heard) {
    const wrong = judgeAnswer(one, orders, rows);
    if (wrong !== null) throw new Error(`${one.do} was answered ${JSON.stringify(one.answer)}: ${wrong}`);
    const isHonoured = ['created', 'existing', 'unavailable'].includes(one.answer.kind);
    if (one.do === 'order' && isUndisturbed && one.hold.isSound && !isHonoured) {
      throw new Error(`a hold that nobody disturbed was not honoured (I7): ${JSON.stringify(one.answer)}`);
    }
  }
  const made = heard.filter(({ answer }) => answer.kind === 'created').map(({ hold }) => hold.holdId);
  expectEqual('orders made of one hold (I3)', made.length, new Set(made).size);
  const isNothingLost = scene.redis !== 'empty' && !heard.some(({ do: kind }) => kind === 'flush');
  const lost = heard.find(({ answer }) => answer.kind === 'hold_lost' || answer.kind === 'hold_not_found');
  if (isNothingLost && lost !== undefined) {
    throw new Error(`${lost.do} was told of a loss, and nothing was lost (I7)`);
  }
}

/** @returns what is wrong with it, or null */
function judgeAnswer(
  { hold, intentId, answer }: Heard,
  orders: ReadonlyMap<string, WrittenOrder>,
  rows: Rows,
): string | null {
  const written = orders.get(hold.holdId);
  switch (answer.kind) {
    case 'created':
    case 'existing':
      return written?.intentId === intentId ? null : 'there is no such order (I6)';
    case 'hold_ordered':
      return written === undefined ? 'there is no order' : null;
    case 'hold_expired':
    case 'hold_released':
    case 'hold_lost':
    case 'hold_not_found':
    case 'released':
    case 'expired':
      return written === undefined ? null : 'there is an order of this hold (I3)';
    case 'done':
      return judgePayment(intentId, answer, rows);
    default:
      return null;
  }
}

function judgePayment(intentId: string, answer: Heard['answer'], rows: Rows): string | null {
  const { disposition = null } = answer;
  if (disposition === null) return null;
  return rows.payments.includes(`${intentId} ${disposition}`) ? null : 'there is no such payment (I5, I6)';
}

/** I8: a turn of every worker, with all waiting over; then nothing is owed, pinned or adrift. */
export async function settleAndLook(world: FeatureWorld, services: Services): Promise<void> {
  const { saleId } = world.sale;
  const { redis } = world.world.services;
  const before = await auditSale(services, saleId);
  if (before !== null) expectEqual('drift when everybody has finished (I2)', before.drift, 0);
  await keepSalesArmed(services);
  await shiftClock(redis, saleId, 10 * 3_600_000);
  await letPass(redis, saleId, 'leases', 1_000);
  await ageDeliveries(services);
  await workOffInbox(services);
  await letPass(redis, saleId, 'leases', 1_000);
  await settleOverduePins(services, saleId);
  await reapHolds(redis, saleId);
  await deliverCredits(services, saleId);
  await world.quiet();
  const audit = await auditSale(services, saleId);
  if (audit === null) throw new Error('the sale is not armed after everything settled (I8)');
  const { allotment, committed, ordered } = audit;
  const rest = {
    held: 0,
    pinned: 0,
    owed: 0,
    drift: 0,
    available: allotment - committed,
    ordered: committed,
  };
  expectEqual('everything has settled (I1, I2, I8)', audit, rest);
  if (ordered > allotment) throw new Error(`${ordered} units of ${allotment} are ordered (I1)`);
  await expectMoneyAddsUp(world);
  const photo = await photograph(redis, saleId);
  const rows = await readRows(world.mysql);
  const buyers = [...photo.buyers].map(([buyerId, units]) => `${buyerId} ${units}`).sort();
  expectEqual(
    "the buyers' units",
    buyers,
    rows.buyers.filter((line) => !line.endsWith(' 0')),
  );
}

/** I5: an order is paid by exactly one payment, and a payment that was applied has paid its order. */
async function expectMoneyAddsUp(world: FeatureWorld): Promise<void> {
  const rows = await readRows(world.mysql);
  const applied = rows.payments
    .map((line) => line.split(' '))
    .filter(([, disposition]) => disposition === 'applied' || disposition === 'late_applied')
    .map(([intentId = '']) => intentId);
  const paid = [...ordersIn(rows).values()].filter(({ state }) => state === 'paid');
  expectEqual(
    'paid orders and applied payments (I5)',
    paid.map(({ intentId }) => intentId).sort(),
    applied.sort(),
  );
}
