/** How a buyer's payment goes, and what the provider tells of it. */

import type { End } from './figures.ts';
import { forge, tell, type Notice } from './provider.ts';
import type { Reply, Stage } from './stage.ts';
import { PAY_WINDOW_S, type Story } from './story.ts';
import type { HeldUnits, ToldOrder } from './told.ts';

/** @param order null: its buyer has not placed it yet */
export async function pay(
  stage: Stage,
  story: Story,
  { holdId, intentId, units }: HeldUnits,
  order: ToldOrder | null,
): Promise<End> {
  const amount = (stage.price * 100 * units) / 100;
  const notice: Notice = { holdId, intentId, amount };
  const success = (id: string, told: Notice) => tell(stage, { id, event: 'payment-success', notice: told });
  if (order === null) {
    await success(intentId, notice);
    return 'paid';
  }
  switch (story.payment) {
    case 'on time':
    case 'before the order':
      return heard(stage, order, intentId, await success(intentId, notice));
    case 'late':
      await stage.sleep(PAY_WINDOW_S * 1_000 + story.pauseMs);
      return heard(stage, order, intentId, await success(intentId, notice));
    case 'twice': {
      const end = heard(stage, order, intentId, await success(intentId, notice));
      const again = await Promise.all([success(intentId, notice), success(`${intentId}-2`, notice)]);
      for (const reply of again) heard(stage, order, intentId, reply);
      return end;
    }
    case 'forged':
      await forge(stage, notice);
      return heard(stage, order, intentId, await success(intentId, notice));
    case 'wrong amount':
      return mispaid(stage, order, intentId, await success(intentId, { ...notice, amount: amount / 2 }));
    case 'failed': {
      stage.told.promises.takeBack(holdId);
      const reply = await tell(stage, { id: intentId, event: 'payment-failed', notice });
      return reply === null ? 'gave up' : 'did not pay';
    }
  }
}

/** Notes what was confirmed. */
function heard(stage: Stage, order: ToldOrder, intentId: string, reply: Reply | null): End {
  if (reply === null) {
    if (order.payment === 'open') order.payment = 'unsure';
    return 'gave up';
  }
  const { payment } = reply.data;
  switch (payment) {
    case 'applied':
    case 'late_applied':
      stage.told.paid(order);
      return 'paid';
    case 'refund_due':
      stage.told.owed(order, intentId);
      return 'paid too late';
    default:
      stage.judge.breach('payments', `a payment of ${order.orderId} was answered ${wordOf(reply)}`);
      return 'gave up';
  }
}

function mispaid(stage: Stage, order: ToldOrder, intentId: string, reply: Reply | null): End {
  if (reply === null) return 'gave up';
  const { payment, status } = reply.data;
  if (payment !== 'mismatch' || status === 'paid') {
    stage.judge.breach('forgeries', `half of the price was answered ${wordOf(reply)}, ${String(status)}`);
  }
  stage.told.owed(order, intentId);
  return 'did not pay';
}

function wordOf({ says, data }: Reply): string {
  return typeof data['payment'] === 'string' ? data['payment'] : says;
}
