/** What payment providers tell, and what is made of it. */

import type { Row } from '../board.ts';
import { BAD, GOOD, LOOK, PERCENTILES } from '../palette.ts';
import { noneOr, NOT_KNOWN, series, stat } from '../panels.ts';
import { perSecond, quantile } from '../queries.ts';

const WEBHOOKS = 'http_request_duration_seconds_bucket{listener="public",route=~"/api/webhook/.+"}';

export const money: Row = {
  title: 'Money',
  height: 4,
  panels: [
    series({
      title: 'Payment webhooks by outcome',
      description:
        'Every delivery, repeated ones too, by what was made of it. Refused ones had no valid signature: a wrong secret or a forger. Failed ones are kept and tried again.',
      unit: 'reqps',
      width: 7,
      legend: 'right',
      show: {
        applied: deliveries('applied|late_applied|paid'),
        'owed back': deliveries('refund_due|refunded'),
        'no such payment': deliveries('unmatched|mismatch'),
        'came too early': deliveries('parked'),
        'noted only': deliveries('recorded|pending|expired|cancelled'),
        refused: deliveries('refused'),
        failed: deliveries('failed'),
      },
      colours: { applied: GOOD, refused: LOOK, failed: BAD },
    }),
    series({
      title: 'Payments by outcome',
      description:
        'Each payment once. Applied is normal; a late one was still served from free units; the others are owed back and listed for a person.',
      unit: 'reqps',
      width: 5,
      legend: 'right',
      show: { '{{disposition}}': perSecond('flashsale_payments_total', 'disposition') },
      colours: { applied: GOOD, late_applied: 'light-green', refund_due: LOOK },
    }),
    series({
      title: 'How long a webhook takes',
      description:
        'Time until the payment provider is answered. Providers give up after some seconds and send again, so nothing is lost, but orders stay unpaid for longer.',
      unit: 's',
      width: 5,
      show: { p50: quantile(0.5, WEBHOOKS), p99: quantile(0.99, WEBHOOKS) },
      colours: PERCENTILES,
      next: 'flashsale-api',
    }),
    stat({
      title: 'Waiting',
      description:
        'Deliveries that nothing was made of yet, those that came before their order, and payments that somebody has to pay back. The first two go by themselves; for the last, see Refunds in the terminal.',
      unit: 'short',
      width: 7,
      show: {
        'to be processed': 'max(flashsale_deliveries_waiting{state="received"})',
        'for their order': 'max(flashsale_deliveries_waiting{state="parked"})',
        'owed back': 'max(flashsale_refunds_due)',
      },
      levels: noneOr(LOOK),
      words: [{ from: 0, text: 'NONE', colour: GOOD }],
      absent: NOT_KNOWN,
    }),
  ],
};

function deliveries(outcome: string): string {
  return perSecond(`flashsale_webhook_deliveries_total{outcome=~"${outcome}"}`);
}
