/** Plays a payment provider that tells of a payment. */

import type { PaymentNotice } from '@flash-sale/shared/contracts/payment.ts';
import { PAGE_ROWS_MAX } from '@flash-sale/shared/limits.ts';
import { answerOf, type Api } from '../api.ts';
import { command } from './command.ts';
import { Ending, must } from './endings.ts';
import { EXIT } from './exit-codes.ts';
import { deliver, DELIVERED, PROVIDER_DETAILS, PROVIDER_FLAGS } from './send-signed.ts';
import { amountOf, currencyOf, given, on, optional, text } from './taken.ts';

export const PAY_COMMANDS = [
  command({
    words: 'pay',
    summary: 'Try a payment out: tell the API of it as a payment provider does',
    details: PROVIDER_DETAILS,
    does: 'changes',
    takesNoReason: true,
    shape: DELIVERED,
    flags: {
      intent: text('INTENT', 'the payment intent of the order, like pi_1'),
      hold: optional(text('HOLD', 'the hold of the order; when absent it is looked up by the intent')),
      amount: optional(amountOf("what was paid, in major units; the order's when absent")),
      currency: optional(currencyOf("in which currency; the order's when absent")),
      failed: on('the payment failed'),
      ...PROVIDER_FLAGS,
    },
    async run(at) {
      const { intent, hold, amount, currency, failed } = at.flags;
      const notice: PaymentNotice = {
        ...(hold === undefined
          ? await noticeOf(at.api, intent)
          : { hold_id: hold, payment_intent_id: intent }),
        ...given({ amount, currency }),
      };
      return deliver(at, failed ? 'payment_failed' : 'payment_success', JSON.stringify(notice));
    },
  }),
];

/** What a provider would tell of the order with this intent. @throws Ending when there is none */
async function noticeOf(api: Api, intent: string): Promise<PaymentNotice> {
  const query = { q: intent, limit: String(PAGE_ROWS_MAX) };
  const { items } = await must(answerOf(api.orders.get({ query })));
  const order = items.find(({ payment_intent_id: own }) => own === intent);
  if (order === undefined) {
    throw new Ending(
      EXIT.notFound,
      `No order has the intent ${intent}. To tell of it nevertheless: --hold HOLD.`,
    );
  }
  const { hold_id, amount: due, currency: dueIn } = order;
  return { hold_id, payment_intent_id: intent, amount: due, currency: dueIn };
}
