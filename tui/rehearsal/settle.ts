/** The end of a rehearsal: play money goes back, and nothing of its sale moves any more. */

import { pause } from './pause.ts';
import type { Run } from './run.ts';

/** For workers to settle what is left, and for the auditor to look at it. */
const SETTLE_MS = 30_000;

/** @returns how many payments are still owed back */
export async function refundAll({ sale, told, judge }: Run): Promise<number> {
  let left = 0;
  for (const intent of told.owedIntents) {
    const answer = await sale.refund(intent);
    if (answer.ok) {
      told.owedIntents.delete(intent);
      continue;
    }
    left += 1;
    if (answer.code === 'payment_not_found') {
      judge.breach('payments', `the payment ${intent} was owed back, and is not there`);
    }
  }
  return left;
}

/** Waits until nothing of it can move any more, and the auditor has looked at it after that. */
export async function settle({ sale, judge, signal }: Run): Promise<void> {
  const untilMs = performance.now() + SETTLE_MS;
  let settledAt: string | null = null;
  while (performance.now() < untilMs) {
    const { overview, sale: seen } = await sale.look();
    if (seen !== null) {
      const { held, ordered, returning } = seen.units;
      if (held === 0 && ordered + returning === 0) settledAt ??= overview.at;
      const { audit } = seen;
      if (settledAt !== null && audit !== null && audit.at > settledAt) {
        if (!audit.is_right) judge.breach('end', `the last audit found a drift of ${audit.drift} units`);
        return;
      }
    }
    await pause(500, signal);
    signal.throwIfAborted();
  }
  const what = settledAt === null ? 'something of it is still held or ordered' : 'nobody audited it';
  judge.breach('end', `${what} ${SETTLE_MS / 1_000} s later: do workers run?`);
}

/** @returns its units when it is over, or when it does not come to that */
export async function endSale({ sale, judge, options, signal }: Run) {
  const untilMs = performance.now() + SETTLE_MS;
  await sale.end();
  for (;;) {
    const { state, units } = await sale.show();
    if (state === 'ended') {
      const { available, held, ordered, paid, returning } = units;
      const sum = (available ?? 0) + (held ?? 0) + ordered + paid + returning;
      if (sum !== options.units) {
        judge.breach('end', `${sum} units are there in the end, of ${options.units}`);
      }
      return units;
    }
    if (performance.now() > untilMs) {
      judge.breach('end', `the sale is still ${state}: do workers run?`);
      return units;
    }
    await pause(500, signal);
    signal.throwIfAborted();
  }
}
