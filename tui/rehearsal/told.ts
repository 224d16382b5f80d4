/**
 * What buyers were told, to be compared with what the API says. Only what was certainly so counts: a hold from the moment
 * its answer came until its time is over, counted from when it was asked for; so does an order until it must be paid.
 */

import { createPromises } from './promises.ts';
import type { Judge } from './rules.ts';
import { PAY_WINDOW_S } from './story.ts';

/** Clocks that are set a little while a hold lives must not look like a unit too many. */
const CLOCKS_DIFFER_MS = 50;

/** What a buyer has in their hands. */
export interface HeldUnits {
  readonly holdId: string;
  /** Of the payment that is to come. */
  readonly intentId: string;
  readonly units: number;
}

export interface ToldOrder {
  readonly orderId: string;
  readonly holdId: string;
  readonly units: number;
  /** `open`: nobody confirmed a payment; `unsure`: one may have arrived without its answer. */
  payment: 'open' | 'unsure' | 'paid' | 'owed';
}

export type Told = ReturnType<typeof createTold>;

export function createTold(units: number, judge: Judge) {
  const promises = createPromises(units, judge);
  const holders = new Map<string, number>();
  const orders = new Map<string, ToldOrder>();
  const owedIntents = new Set<string>();
  let [unsureOrders, stray] = [0, 0];

  return {
    promises,
    /** @param askedAtMs when it was asked for the first time */
    held(holdId: string, buyer: number, own: number, askedAtMs: number, ttlS: number): void {
      const holder = holders.get(holdId);
      if (holder !== undefined && holder !== buyer) {
        judge.breach('holds', `${holdId} was given to two buyers`);
      }
      holders.set(holdId, buyer);
      promises.give(holdId, own, askedAtMs + ttlS * 1_000 - CLOCKS_DIFFER_MS);
    },
    ordered(orderId: string, { holdId, units: own }: HeldUnits, askedAtMs: number): ToldOrder {
      const known = orders.get(orderId);
      if (known !== undefined && known.holdId !== holdId) {
        judge.breach('orders', `${orderId} is of two holds`);
      }
      const order: ToldOrder = known ?? { orderId, holdId, units: own, payment: 'open' };
      orders.set(orderId, order);
      promises.give(holdId, own, askedAtMs + PAY_WINDOW_S * 1_000 - CLOCKS_DIFFER_MS);
      return order;
    },
    /** Nobody answered: there may be an order. */
    orderUnsure: () => void (unsureOrders += 1),
    paid(order: ToldOrder): void {
      order.payment = 'paid';
      promises.give(order.holdId, order.units, Infinity);
    },
    /** The provider was told that the money goes back. */
    owed(order: ToldOrder, intentId: string): void {
      if (order.payment === 'paid') {
        judge.breach('payments', `${order.orderId} was paid, and then it was not`);
      }
      order.payment = 'owed';
      owedIntents.add(intentId);
    },
    /** Money came for an order that never did. */
    strayed: () => void (stray += 1),
    stray: () => stray,
    holds: () => holders.size,
    orders,
    owedIntents,
    unsureOrders: () => unsureOrders,
  };
}
