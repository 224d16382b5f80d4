/**
 * What the features must answer and leave behind, made of the two models of the stores. It follows one caller at a
 * time; a process that dies on the way is one that stops at a named point.
 */

import type { ReachablePoint } from '../../reach.ts';
import type { HoldRequest } from '../../redis/placement-scripts.ts';
import type { OrderState, PaymentDisposition } from '@flash-sale/shared/lifecycle.ts';
import type { LedgerModel, ModelOrder, Vouch } from './ledger-model.ts';
import type { RedisModel } from './redis-model.ts';

/** Begins the name of a hold that only the stores know the id of. */
export const UNNAMED = 'unnamed';

/** The process died there; whoever asked got no answer. */
export const DIED = { kind: 'died' } as const;

export interface ModelDelivery {
  readonly event: 'payment_success' | 'payment_failed';
  readonly holdId: string;
  readonly intentId: string;
  /** null: not stated. */
  readonly isAmountRight: boolean | null;
  state: 'received' | 'parked' | 'processed';
}

interface Settled {
  kind: 'done';
  state: OrderState;
  disposition: PaymentDisposition | null;
}

const RELEASE_OF_OUTCOME = {
  ordered: 'hold_ordered',
  released: 'released',
  expired: 'expired',
  lost: 'hold_lost',
  withdrawn: 'hold_not_found',
} as const;

export class FeatureModel {
  readonly #redis: RedisModel;
  readonly #ledger: LedgerModel;
  /** By hold, as SQL has them. */
  readonly orderIds = new Map<string, string>();
  readonly payments = new Map<string, PaymentDisposition>();
  readonly deliveries: ModelDelivery[] = [];
  #unnamedCount = 0;

  constructor(redis: RedisModel, ledger: LedgerModel) {
    this.#redis = redis;
    this.#ledger = ledger;
  }

  // ---- arming ----

  #isCurrent(): boolean {
    return this.#redis.isArmed && this.#redis.epoch === this.#ledger.epoch;
  }

  rebuild(diesAt?: ReachablePoint): void {
    const raised = this.#ledger.raiseEpoch(Math.max(this.#redis.epoch, this.#redis.rebuildEpoch));
    if (diesAt === 'rebuild.raised') return;
    const begun = this.#redis.beginRebuild({ id: raised.epoch, ...raised });
    if (begun.kind !== 'begun') return;
    this.#redis.endDecided(this.#ledger.outcomesOf(begun.holdIds), raised.epoch);
    if (diesAt !== undefined) return;
    this.#ledger.noteArming(raised.epoch);
    const isLost = raised.lastArmedEpoch > 0 && !begun.isContinuous;
    const snapshot = this.#ledger.snapshot({ token: '', epoch: raised.epoch, isLost });
    this.#redis.commitRebuild(snapshot, raised.epoch);
  }

  keepArmed(): void {
    if (!this.#isCurrent()) this.rebuild();
  }

  #onArmed<Result extends { kind: string }>(
    call: () => Result | { kind: 'not_armed' },
  ): Exclude<Result, { kind: 'not_armed' }> {
    for (let rebuilds = 0; rebuilds < 3; rebuilds += 1) {
      const result = call();
      const isBelieved = result.kind !== 'unknown' || this.#isCurrent();
      if (result.kind !== 'not_armed' && isBelieved) return result as Exclude<Result, { kind: 'not_armed' }>;
      this.keepArmed();
    }
    throw new Error('the model cannot be armed');
  }

  // ---- holds ----

  hold(requests: readonly HoldRequest[]) {
    return this.#onArmed(() => this.#redis.placeHolds(requests)).replies;
  }

  read(holdId: string) {
    const record = this.#onArmed(() => this.#redis.readHold(holdId));
    if (record.kind === 'hold' && record.state !== 'pinned' && record.state !== 'ordered') {
      return { kind: 'hold', state: record.state } as const;
    }
    const outcome = this.#ledger.outcomes.get(holdId);
    if (outcome === 'ordered') {
      return { kind: 'hold', state: 'ordered', order: { state: this.#order(holdId).state } } as const;
    }
    if (outcome === 'lost' || record.kind === 'lost') return { kind: 'hold_lost' } as const;
    return record.kind === 'hold'
      ? ({ kind: 'hold', state: 'held' } as const)
      : ({ kind: 'hold_not_found' } as const);
  }

  release(holdId: string): { kind: string } {
    const { kind } = this.#onArmed(() => this.#redis.releaseHold(holdId));
    if (kind === 'released' || kind === 'expired') return { kind };
    if (kind === 'pinned') {
      const outcome = this.#ledger.void(holdId, 'released');
      this.#redis.settleHolds([{ holdId, outcome }]);
      return { kind: RELEASE_OF_OUTCOME[outcome] };
    }
    if (kind === 'ordered') return { kind: 'hold_ordered' };
    const outcome = this.#ledger.outcomes.get(holdId);
    if (outcome !== undefined) return { kind: RELEASE_OF_OUTCOME[outcome] };
    return { kind: kind === 'lost' ? 'hold_lost' : 'hold_not_found' };
  }

  // ---- orders ----

  #order(holdId: string): ModelOrder {
    const order = this.#ledger.orders.get(holdId);
    if (order === undefined) throw new Error(`the model has an outcome without its order: ${holdId}`);
    return order;
  }

  order(holdId: string, intentId: string, diesAt?: ReachablePoint): { kind: string } {
    for (let pins = 1; pins <= 3; pins += 1) {
      const pin = this.#onArmed(() => this.#redis.pinHold(holdId));
      if (pin.kind === 'expired') return { kind: 'hold_expired' };
      if (pin.kind === 'released') return { kind: 'hold_released' };
      if (pin.kind === 'halted') {
        const answer = this.#answerFromSql(holdId, intentId, false);
        return answer.kind === 'hold_not_found' ? { kind: 'sale_halted' } : answer;
      }
      if (pin.kind !== 'pinned') return this.#answerFromSql(holdId, intentId, pin.kind === 'lost');
      if (diesAt === 'order.pinned') return DIED;
      const answer = this.#write({ ...pin, holdId }, intentId, diesAt);
      if (answer !== null) return answer;
      this.keepArmed();
    }
    throw new Error('the model cannot be armed');
  }

  /** @returns null when the sale was rebuilt since the pin. */
  #write(vouch: Vouch, intentId: string, diesAt?: ReachablePoint) {
    const { holdId } = vouch;
    const decision = this.#ledger.decide(vouch, intentId);
    if (decision === 'created' && diesAt === 'order.written') return DIED;
    this.#ledger.order(vouch, intentId);
    switch (decision) {
      case 'created':
        if (diesAt === 'order.committed') return DIED;
        this.#redis.settleHolds([{ holdId, outcome: 'ordered' }]);
        this.#applyParked(this.#order(holdId));
        return { kind: 'created' };
      case 'decided':
        return this.#answerFromSql(holdId, intentId, false);
      case 'intent_used':
        return { kind: 'payment_intent_mismatch' };
      case 'epoch':
        return null;
      case 'stopped':
        return { kind: 'sale_halted' };
      case 'gate':
        this.#redis.settleHolds([{ holdId, outcome: this.#ledger.void(holdId, 'lost') }]);
        return { kind: 'hold_lost' };
    }
  }

  #answerFromSql(holdId: string, intentId: string, isLost: boolean): { kind: string } {
    const outcome = this.#ledger.outcomes.get(holdId);
    if (outcome === 'ordered') {
      this.#redis.settleHolds([{ holdId, outcome }]);
      const isSame = this.#order(holdId).intentId === intentId;
      return { kind: isSame ? 'existing' : 'payment_intent_mismatch' };
    }
    if (outcome === 'expired') return { kind: 'hold_expired' };
    if (outcome === 'released') return { kind: 'hold_released' };
    return { kind: outcome === 'lost' || isLost ? 'hold_lost' : 'hold_not_found' };
  }

  /** Orders that were not paid in time, oldest first. */
  expire(orders: readonly ModelOrder[], diesAt?: ReachablePoint): void {
    const due = orders.filter(({ state }) => state === 'pending');
    for (const order of diesAt === undefined ? due : due.slice(0, 1)) {
      this.#ledger.endOrder(order, 'order_expired');
    }
    if (diesAt === undefined && due.length > 0) this.deliver();
  }

  deliver(diesAt?: ReachablePoint): void {
    const credits = this.#ledger.undelivered();
    if (credits.length === 0) return;
    const applied = this.#redis.applyCredits(credits);
    if (applied.kind === 'not_armed' || diesAt !== undefined) return;
    const ids = credits.map(({ id }) => id);
    this.#ledger.acknowledge(ids, applied.epoch);
  }

  // ---- the allotment ----

  restock(units: number, diesAt?: ReachablePoint): { kind: string } {
    if (!this.#ledger.isAllotmentOpen()) return { kind: 'impossible' };
    this.#ledger.restock(units);
    if (diesAt !== undefined) return DIED;
    this.deliver();
    return { kind: 'changed' };
  }

  shrink(units: number, diesAt?: ReachablePoint): { kind: string; possible?: number } {
    for (;;) {
      if (!this.#ledger.isAllotmentOpen()) return { kind: 'impossible' };
      this.deliver();
      this.#unnamedCount += 1;
      const holdId = `${UNNAMED} take ${this.#unnamedCount}`;
      const taken = this.#onArmed(() => this.#redis.takeUnits(holdId, units, null));
      if (taken.kind === 'insufficient_stock') return { kind: 'too_many', possible: taken.available };
      if (taken.kind !== 'taken') throw new Error(`a shrink is ${taken.kind}`);
      if (diesAt === 'shrink.taken') return DIED;
      const written = this.#ledger.withdraw({ holdId, quantity: units, buyerId: null, epoch: taken.epoch });
      if (written === 'withdrawn' && diesAt !== undefined) return DIED;
      const outcome = written === 'withdrawn' ? written : this.#ledger.void(holdId, 'released');
      this.#redis.settleHolds([{ holdId, outcome }]);
      if (written === 'withdrawn') return { kind: 'changed' };
      if (written === 'gate') return { kind: 'too_many', possible: Math.max(0, this.#redis.free()) };
      this.keepArmed();
    }
  }

  /** @param diesAt the first void is written, and nothing is settled */
  settlePins(diesAt?: ReachablePoint): void {
    const listed = this.#redis.listOverduePins();
    if (listed.kind === 'not_armed') return;
    const settlements = [];
    for (const { holdId, isOver } of listed.pins) {
      const decided = this.#ledger.outcomes.get(holdId);
      if (decided === undefined && !isOver) continue;
      settlements.push({ holdId, outcome: decided ?? this.#ledger.void(holdId, 'expired') });
      if (decided === undefined && diesAt !== undefined) return;
    }
    this.#redis.settleHolds(settlements);
  }

  // ---- payments ----

  #applyParked(order: ModelOrder): void {
    const isOfOrder = ({ state, intentId, holdId }: ModelDelivery) =>
      state === 'parked' && (intentId === order.intentId || holdId === order.holdId);
    for (const delivery of inOrder(this.deliveries.filter(isOfOrder))) this.process(delivery);
  }

  workOffInbox(): void {
    const due = this.deliveries.filter(({ state }) => state !== 'processed');
    for (const delivery of inOrder(due)) this.process(delivery);
  }

  process(delivery: ModelDelivery, diesAt?: ReachablePoint): Settled | { kind: 'parked' } | typeof DIED {
    const dies = diesAt === 'payment.committed';
    const order = this.#ledger.orderOf(delivery.intentId) ?? this.#ledger.orders.get(delivery.holdId);
    if (order === undefined) {
      delivery.state = 'parked';
      return dies ? DIED : { kind: 'parked' };
    }
    if (diesAt === 'payment.taken' && this.#judge(order, delivery) === 'late') {
      this.deliver();
      this.#take(order);
      return DIED;
    }
    delivery.state = 'processed';
    const settled = this.#decide(order, delivery, dies);
    return dies ? DIED : settled;
  }

  #decide(order: ModelOrder, delivery: ModelDelivery, dies: boolean): Settled {
    const judged = this.#judge(order, delivery);
    if (judged === 'cancel') this.#ledger.endOrder(order, 'order_cancelled');
    if (judged === 'applied') order.state = 'paid';
    const disposition =
      judged === 'late' ? this.#receiveLate(order, dies) : judged === 'cancel' ? null : judged;
    const isNew = delivery.event === 'payment_success' && !this.payments.has(delivery.intentId);
    if (isNew && disposition !== null) this.payments.set(delivery.intentId, disposition);
    if ((judged === 'cancel' || isNew) && order.state === 'cancelled' && !dies) this.deliver();
    return { kind: 'done', state: order.state, disposition };
  }

  /** What there is to do: null is nothing. */
  #judge(order: ModelOrder, delivery: ModelDelivery): PaymentDisposition | 'cancel' | 'late' | null {
    const { event, intentId, holdId, isAmountRight } = delivery;
    const isOwn = order.intentId === intentId;
    if (event === 'payment_failed') return order.state === 'pending' && isOwn ? 'cancel' : null;
    const before = this.payments.get(intentId);
    if (before !== undefined) return before;
    if (!isOwn) return 'refund_due';
    if (holdId !== order.holdId || isAmountRight === false) return 'mismatch';
    if (order.state === 'pending') return 'applied';
    return order.state === 'expired' || order.state === 'cancelled' ? 'late' : 'refund_due';
  }

  /** The units of an order that is over are taken for it again, if they are free. */
  #receiveLate(order: ModelOrder, dies: boolean): PaymentDisposition {
    for (;;) {
      this.deliver();
      const take = this.#take(order);
      const decision = take === null ? 'stopped' : this.#ledger.orderAgain(order, take);
      if (take !== null && !(dies && decision === 'created')) {
        const outcome = decision === 'created' ? 'ordered' : this.#ledger.void(take.holdId, 'expired');
        this.#redis.settleHolds([{ holdId: take.holdId, outcome }]);
      }
      if (decision === 'created') return 'late_applied';
      if (decision === 'epoch') this.keepArmed();
      else if (decision !== 'decided') break;
    }
    order.state = 'refund_due';
    return 'refund_due';
  }

  #take({ quantity, buyerId }: ModelOrder): Vouch | null {
    this.#unnamedCount += 1;
    const holdId = `${UNNAMED} take ${this.#unnamedCount}`;
    const taken = this.#onArmed(() => this.#redis.takeUnits(holdId, quantity, buyerId));
    return taken.kind === 'taken' ? { holdId, quantity, buyerId, epoch: taken.epoch } : null;
  }

  /** What nobody was told the id of, by the names that the model gave it. */
  unnamed(): string[] {
    const ids = new Set([...this.#redis.holds.keys(), ...this.#ledger.outcomes.keys()]);
    return [...ids].filter((id) => id.startsWith(UNNAMED));
  }

  rename(from: string, to: string): void {
    this.#redis.rename(from, to);
    const outcome = this.#ledger.outcomes.get(from);
    if (outcome === undefined) return;
    this.#ledger.outcomes.delete(from);
    this.#ledger.outcomes.set(to, outcome);
  }
}

/** Money first, then by arrival. */
function inOrder(deliveries: readonly ModelDelivery[]): ModelDelivery[] {
  const rank = ({ event }: ModelDelivery) => (event === 'payment_success' ? 0 : 1);
  return deliveries.toSorted((a, b) => rank(a) - rank(b));
}
