/**
 * What SQL must know of one sale: its row, the outcomes, orders and credits. Where no SQL takes part in a run, this
 * stands for it; where it does, this says what its rows must be.
 */

import type {
  CreditReason,
  HoldOutcome,
  OrderState,
  SaleState,
  VoidOutcome,
} from '@flash-sale/shared/lifecycle.ts';
import { COMMITTED_ORDER_STATES, ORDERABLE_SALE_STATES } from '@flash-sale/shared/lifecycle.ts';
import { LOSS_REMEMBERED_MS } from '@flash-sale/shared/limits.ts';
import type { Settlement } from '../../redis/hold-scripts.ts';
import type { RebuildSnapshot } from '../rebuilding.ts';
import { HOLD_TTL_MS, type ModelCredit } from './redis-model.ts';

/** What Redis said when it pinned a hold or took units: the permission to sell them, as far as it is concerned. */
export interface Vouch {
  /** A hold, or the units taken for a late payment. */
  readonly holdId: string;
  readonly quantity: number;
  readonly buyerId: string | null;
  readonly epoch: number;
}

export interface ModelOrder {
  readonly holdId: string;
  readonly quantity: number;
  readonly buyerId: string | null;
  readonly intentId: string;
  state: OrderState;
}

export type Decision = 'created' | 'decided' | 'intent_used' | 'epoch' | 'stopped' | 'gate';

export class LedgerModel {
  allotment: number;
  readonly buyerLimit: number | null;
  committed = 0;
  seq = 0;
  epoch = 0;
  armedEpoch = 0;
  state: SaleState = 'live';
  readonly outcomes = new Map<string, HoldOutcome>();
  /** By hold: a hold has at most one (I3). */
  readonly orders = new Map<string, ModelOrder>();
  readonly buyers = new Map<string, number>();
  readonly credits: (ModelCredit & { isDelivered: boolean })[] = [];

  constructor(allotment: number, buyerLimit: number | null) {
    this.allotment = allotment;
    this.buyerLimit = buyerLimit;
  }

  /** Redis may be ahead of SQL. @returns the new epoch, and the last one at which any Redis was armed. */
  raiseEpoch(redisEpoch: number): { epoch: number; lastArmedEpoch: number } {
    this.epoch = Math.max(this.epoch, redisEpoch) + 1;
    return { epoch: this.epoch, lastArmedEpoch: this.armedEpoch };
  }

  /** Noted before it is true. @returns false when the rebuild was overtaken, and must not go on */
  noteArming(epoch: number): boolean {
    if (this.epoch !== epoch) return false;
    this.armedEpoch = epoch;
    return true;
  }

  /** Redis is out of date from then on. */
  move(to: SaleState): void {
    this.state = to;
    this.epoch += 1;
  }

  /** What the transaction of an order would come to. */
  decide(vouch: Vouch, intentId: string): Decision {
    if (this.outcomes.has(vouch.holdId)) return 'decided';
    if (this.orderOf(intentId) !== undefined) return 'intent_used';
    return this.#refuse(vouch) ?? 'created';
  }

  /** The transaction that makes an order of a pinned hold, all of it or nothing. */
  order(vouch: Vouch, intentId: string): Decision {
    const decision = this.decide(vouch, intentId);
    if (decision !== 'created') return decision;
    const { holdId, quantity, buyerId } = vouch;
    this.outcomes.set(holdId, 'ordered');
    this.orders.set(holdId, { holdId, quantity, buyerId, intentId, state: 'pending' });
    this.#commit(vouch, 1);
    return 'created';
  }

  /** The transaction that applies a late payment: the order's units are taken again under another id. */
  orderAgain(order: ModelOrder, take: Vouch): Decision {
    if (this.outcomes.has(take.holdId)) return 'decided';
    const refusal = this.#refuse(take);
    if (refusal !== null) return refusal;
    this.outcomes.set(take.holdId, 'ordered');
    order.state = 'paid';
    this.#commit(take, 1);
    return 'created';
  }

  #refuse({ quantity, buyerId, epoch }: Vouch): 'epoch' | 'stopped' | 'gate' | null {
    const units = buyerId === null ? 0 : (this.buyers.get(buyerId) ?? 0);
    if (buyerId !== null && this.buyerLimit !== null && units + quantity > this.buyerLimit) return 'gate';
    if (epoch !== this.epoch) return 'epoch';
    if (!(ORDERABLE_SALE_STATES as readonly SaleState[]).includes(this.state)) return 'stopped';
    return this.committed + quantity > this.allotment ? 'gate' : null;
  }

  #commit({ quantity, buyerId }: Pick<Vouch, 'quantity' | 'buyerId'>, sign: 1 | -1): void {
    this.committed += sign * quantity;
    this.seq += 1;
    if (buyerId !== null) this.buyers.set(buyerId, (this.buyers.get(buyerId) ?? 0) + sign * quantity);
  }

  /** @returns the outcome that stands. */
  void(holdId: string, outcome: VoidOutcome): HoldOutcome {
    const before = this.outcomes.get(holdId);
    if (before === undefined) this.outcomes.set(holdId, outcome);
    return before ?? outcome;
  }

  /** Ends a pending order and owes Redis its units. */
  endOrder(order: ModelOrder, reason: 'order_expired' | 'order_cancelled'): void {
    order.state = reason === 'order_expired' ? 'expired' : 'cancelled';
    this.#commit(order, -1);
    this.#owe(order.quantity, order.buyerId, reason);
  }

  /** Whether units may be added or taken out in this state. */
  isAllotmentOpen(): boolean {
    return this.state === 'scheduled' || this.state === 'live' || this.state === 'paused';
  }

  restock(units: number): void {
    this.allotment += units;
    this.seq += 1;
    this.#owe(units, null, 'restock');
  }

  /** The transaction that lowers the allotment by units that Redis gave up, all of it or nothing. */
  withdraw({ holdId, quantity, epoch }: Vouch): 'withdrawn' | 'decided' | 'epoch' | 'gate' {
    if (this.outcomes.has(holdId)) return 'decided';
    if (epoch !== this.epoch) return 'epoch';
    if (!this.isAllotmentOpen() || this.committed + quantity > this.allotment) return 'gate';
    this.outcomes.set(holdId, 'withdrawn');
    this.allotment -= quantity;
    this.seq += 1;
    return 'withdrawn';
  }

  orderOf(intentId: string): ModelOrder | undefined {
    return [...this.orders.values()].find((order) => order.intentId === intentId);
  }

  #owe(units: number, buyerId: string | null, reason: CreditReason): void {
    // A sale's credits have different seqs, so a seq names one.
    this.credits.push({
      id: this.seq,
      seq: this.seq,
      units,
      buyerId,
      reason,
      isDelivered: false,
    });
  }

  undelivered(): ModelCredit[] {
    return this.credits.filter(({ isDelivered }) => !isDelivered);
  }

  /** Acknowledging is fenced: only for a Redis at the current epoch. */
  acknowledge(creditIds: readonly number[], epoch: number): void {
    if (epoch !== this.epoch) return;
    for (const credit of this.credits) if (creditIds.includes(credit.id)) credit.isDelivered = true;
  }

  /** I1. */
  orderedUnits(): number {
    const counted = [...this.orders.values()].filter(({ state }) =>
      (COMMITTED_ORDER_STATES as readonly OrderState[]).includes(state),
    );
    return counted.reduce((sum, { quantity }) => sum + quantity, 0);
  }

  /** What a rebuild reads, in one moment. */
  /** Undecided ones are not among the answers. */
  outcomesOf(holdIds: readonly string[]): Settlement[] {
    return holdIds.flatMap((holdId) => {
      const outcome = this.outcomes.get(holdId);
      return outcome === undefined ? [] : [{ holdId, outcome }];
    });
  }

  snapshot(rebuild: { token: string; epoch: number; isLost: boolean }) {
    const { token, epoch, isLost } = rebuild;
    return {
      token,
      epoch,
      baseSeq: this.seq,
      allotment: this.allotment,
      committed: this.committed,
      state: this.state,
      opensAtMs: 0,
      closesAtMs: null,
      holdTtlMs: HOLD_TTL_MS,
      buyerLimit: this.buyerLimit,
      buyerRate: null,
      addressRate: null,
      lossRememberedMs: isLost ? LOSS_REMEMBERED_MS : 0,
      buyers: [...this.buyers].flatMap(([buyerId, units]) => (units > 0 ? [{ buyerId, units }] : [])),
    } satisfies RebuildSnapshot;
  }
}
