/**
 * Which promises certainly stood, and when. A hold keeps its units from the moment its holder heard of it until its
 * release was sent, its deadline, or the first moment its order may have ended. A fault that makes Redis lose data
 * voids holds that are not orders; the order itself is in SQL and stands.
 */

import type { Promised } from './sweep.ts';
import type { HoldTold, Told } from './told.ts';

const FOREVER = Number.POSITIVE_INFINITY;

export function certainPromises(
  told: Told,
): { saleId: number; buyerId: string | null; promised: Promised }[] {
  return [...told.holds.values()].flatMap((hold) =>
    intervalsOf(told, hold)
      .filter(({ from, to }) => from < to)
      .map(({ from, to }) => ({
        saleId: hold.saleId,
        buyerId: hold.buyerId,
        promised: { id: hold.holdId, units: hold.quantity, from, to },
      })),
  );
}

interface Interval {
  readonly from: number;
  readonly to: number;
}

function intervalsOf(told: Told, hold: HoldTold): Interval[] {
  const { toldAt, order, paid, releaseSentAt, deadlineMs } = hold;
  const end = order === null ? Math.min(deadlineMs, releaseSentAt ?? FOREVER) : orderEnd(hold);
  const untilOrder = order?.toldAt ?? paid?.at ?? end;
  const voidedAt = voidAt(told, hold, untilOrder);
  const intervals: Interval[] = [];
  if (voidedAt === null) {
    intervals.push({ from: toldAt, to: end });
  } else {
    // While two Redis processes live, each may promise a unit that the other promised too.
    intervals.push({ from: toldAt, to: Math.min(voidedAt, releaseSentAt ?? FOREVER, end) });
    if (order !== null) intervals.push({ from: Math.max(order.toldAt, voidedAt), to: end });
  }
  const lastEnd = Math.max(...intervals.map(({ to }) => to));
  if (paid !== null && lastEnd < FOREVER) {
    // A payment that came late took units again, some time before it was acknowledged.
    intervals.push({ from: Math.max(paid.at, lastEnd), to: FOREVER });
  }
  return intervals;
}

/** When a hold that became an order may first have given its units back. */
function orderEnd({ order, paid, failureSentAt, orderSentAt }: HoldTold): number {
  if (order === null) return FOREVER;
  if (paid?.isInTime === true) return FOREVER;
  // A failure that was told before the order waited for it.
  const cancelledAt =
    failureSentAt === null ? FOREVER : Math.max(failureSentAt, orderSentAt ?? failureSentAt);
  return Math.min(order.payBy, cancelledAt);
}

/** When a loss of data voided the hold, before it was known to be an order; null: never. */
function voidAt(told: Told, hold: HoldTold, untilOrder: number): number | null {
  let first: number | null = null;
  for (const { from, to, heldSince } of told.losses.values()) {
    const isAffected =
      from <= untilOrder &&
      (to === null || hold.askedAt <= to) &&
      (heldSince === null || hold.toldAt >= heldSince);
    if (isAffected) first = Math.min(first ?? FOREVER, from);
  }
  return first;
}
