/**
 * What Redis must know of one sale: a plain model beside the Lua scripts, each method with the reply that the script
 * of that name must give. Time is the model's own: a deadline is so many milliseconds from now, and runs are so short
 * that nothing passes unless a step of the run moves it.
 *
 * One thing is left to the scripts: when an overdue hold is ended. `adopt` follows them there, and nowhere else.
 */

import type { CreditReason, HoldOutcome, SaleState } from '@flash-sale/shared/lifecycle.ts';
import { HOLD_TTL_MAX_S } from '@flash-sale/shared/limits.ts';
import type { RebuildSnapshot } from '../rebuilding.ts';
import type { Settlement } from '../../redis/hold-scripts.ts';
import type { HoldRequest } from '../../redis/placement-scripts.ts';

export type RecordState = 'held' | 'pinned' | 'ordered' | 'released' | 'expired' | 'lost';

export interface ModelHold {
  readonly quantity: number;
  readonly buyerId: string | null;
  readonly keyDigest: string | null;
  state: RecordState;
  deadlineMs: number;
  leaseMs: number;
  /** Ended so long ago that the next turn of the reaper forgets it. */
  isOld: boolean;
}

export interface ModelCredit {
  readonly reason: CreditReason;
  readonly id: number;
  readonly seq: number;
  readonly units: number;
  readonly buyerId: string | null;
}

/** The sale's own: no request of a story asks for another. */
export const HOLD_TTL_MS = 60_000;

const LEASE_MS = 15_000;
const NOT_ARMED = { kind: 'not_armed' } as const;

/** To Redis, units that were withdrawn are gone like those that were sold. */
function recordStateOf(outcome: HoldOutcome): RecordState {
  return outcome === 'withdrawn' ? 'ordered' : outcome;
}

export class RedisModel {
  isArmed = false;
  epoch = 0;
  base = 0;
  available = 0;
  allotment = 0;
  state: SaleState = 'live';
  buyerLimit: number | null = null;
  /** Ever, for rates. */
  heldUnits = 0;
  endedUnits = { ordered: 0, released: 0, expired: 0, lost: 0 };
  holds = new Map<string, ModelHold>();
  keys = new Map<string, { fingerprint: string; holdId: string }>();
  buyers = new Map<string, number>();
  applied = new Set<number>();
  remembersLoss = false;
  /** This very life of the data was armed last, as far as Redis knows. */
  isLastLife = false;
  rebuildEpoch = 0;
  /** Which begin is waited for: 0 is none. */
  begunBy = 0;

  /** Everything it knows, to come back to. */
  copy(): unknown {
    return structuredClone(Object.fromEntries(Object.entries(this)));
  }

  restore(copy: unknown): void {
    Object.assign(this, structuredClone(copy));
  }

  // ---- faults ----

  /** The data of this sale is gone; the process lives. */
  flush(): void {
    Object.assign(this, new RedisModel());
  }

  /** Another process serves the data now. */
  restart(): void {
    Object.assign(this, { isArmed: false, isLastLife: false });
  }

  shiftClock(byMs: number): void {
    for (const hold of this.holds.values()) {
      hold.deadlineMs -= byMs;
      hold.leaseMs -= byMs;
    }
  }

  // ---- what follows from the records ----

  isOverdue(hold: ModelHold): boolean {
    return hold.state === 'held' && hold.deadlineMs <= 0;
  }

  /** Units of holds in such a state. */
  units(isMeant: (hold: ModelHold) => boolean): number {
    return [...this.holds.values()].filter(isMeant).reduce((sum, { quantity }) => sum + quantity, 0);
  }

  /** Overdue holds count as given back: whoever needs their units ends them. */
  free(): number {
    return this.available + this.units((hold) => this.isOverdue(hold));
  }

  buyerUnits(buyerId: string): number {
    const isOver = (hold: ModelHold) => hold.buyerId === buyerId && this.isOverdue(hold);
    return (this.buyers.get(buyerId) ?? 0) - this.units(isOver);
  }

  /** @param isEnded whether Redis has ended this overdue hold by now */
  adopt(isEnded: (holdId: string) => boolean): void {
    for (const [holdId, hold] of this.holds) {
      if (this.isOverdue(hold) && isEnded(holdId)) this.#end(hold, 'expired');
    }
  }

  #end(hold: ModelHold, outcome: HoldOutcome): void {
    hold.state = recordStateOf(outcome);
    if (outcome === 'withdrawn') this.allotment -= hold.quantity;
    else this.endedUnits[outcome] += hold.quantity;
    if (outcome !== 'withdrawn' && outcome !== 'ordered') this.#giveBack(hold.quantity, hold.buyerId);
  }

  #giveBack(units: number, buyerId: string | null): void {
    this.available += units;
    if (buyerId !== null) this.#addToBuyer(buyerId, -units);
  }

  #addToBuyer(buyerId: string, units: number): void {
    const sum = (this.buyers.get(buyerId) ?? 0) + units;
    if (sum > 0) this.buyers.set(buyerId, sum);
    else this.buyers.delete(buyerId);
  }

  /** The id that was not known when the hold was made is known now. */
  rename(from: string, to: string): void {
    const hold = this.holds.get(from);
    if (hold === undefined) return;
    this.holds.delete(from);
    this.holds.set(to, hold);
    for (const key of this.keys.values()) if (key.holdId === from) key.holdId = to;
  }

  #missing(): { kind: 'lost' | 'unknown' } {
    return { kind: this.remembersLoss ? 'lost' : 'unknown' };
  }

  // ---- one method per script ----

  placeHolds(requests: readonly HoldRequest[]) {
    if (!this.isArmed) return NOT_ARMED;
    return { kind: 'placed', replies: requests.map((request) => this.#place(request)) } as const;
  }

  #place(request: HoldRequest) {
    const { holdId, quantity, buyerId, keyDigest, fingerprint } = request;
    if (this.holds.has(holdId)) return { kind: 'held', holdId } as const;
    const known = keyDigest === null ? undefined : this.keys.get(keyDigest);
    if (known !== undefined && known.fingerprint !== fingerprint) return { kind: 'key_reused' } as const;
    if (known !== undefined && this.holds.has(known.holdId)) {
      return { kind: 'replayed', holdId: known.holdId } as const;
    }
    const refusal = this.#refuse(quantity, buyerId);
    if (refusal !== null) return refusal;
    this.holds.set(holdId, {
      quantity,
      buyerId,
      keyDigest,
      state: 'held',
      deadlineMs: HOLD_TTL_MS,
      leaseMs: 0,
      isOld: false,
    });
    this.available -= quantity;
    this.heldUnits += quantity;
    if (buyerId !== null) this.#addToBuyer(buyerId, quantity);
    if (keyDigest !== null) this.keys.set(keyDigest, { fingerprint, holdId });
    return { kind: 'held', holdId } as const;
  }

  #refuse(quantity: number, buyerId: string | null) {
    if (this.state === 'paused' || this.state === 'halted') return { kind: 'paused' } as const;
    if (this.state === 'draining' || this.state === 'ended') return { kind: 'ended' } as const;
    const limit = this.buyerLimit;
    if (limit !== null && buyerId === null) return { kind: 'buyer_needed' } as const;
    if (limit !== null && buyerId !== null && this.buyerUnits(buyerId) + quantity > limit) {
      return { kind: 'buyer_limit_reached', limit, units: this.buyerUnits(buyerId) } as const;
    }
    if (quantity <= this.free()) return null;
    return { kind: 'insufficient_stock', available: Math.max(0, this.free()) } as const;
  }

  readHold(holdId: string) {
    if (!this.isArmed) return NOT_ARMED;
    const hold = this.holds.get(holdId);
    if (hold === undefined) return this.#missing();
    if (hold.state === 'lost') return { kind: 'lost' } as const;
    const state = this.isOverdue(hold) ? 'expired' : hold.state;
    return { kind: 'hold', state, quantity: hold.quantity } as const;
  }

  releaseHold(holdId: string) {
    if (!this.isArmed) return NOT_ARMED;
    const hold = this.holds.get(holdId);
    if (hold === undefined) return this.#missing();
    if (hold.state === 'held') this.#end(hold, this.isOverdue(hold) ? 'expired' : 'released');
    return { kind: hold.state };
  }

  pinHold(holdId: string) {
    if (!this.isArmed) return NOT_ARMED;
    const hold = this.holds.get(holdId);
    if (hold === undefined) return this.#missing();
    if (hold.state !== 'held' && hold.state !== 'pinned') return { kind: hold.state };
    if (this.state === 'halted') return { kind: 'halted' } as const;
    if (this.isOverdue(hold)) {
      this.#end(hold, 'expired');
      return { kind: 'expired' } as const;
    }
    hold.state = 'pinned';
    hold.leaseMs = Math.min(0, hold.deadlineMs) + LEASE_MS;
    return { kind: 'pinned', quantity: hold.quantity, epoch: this.epoch, buyerId: hold.buyerId } as const;
  }

  takeUnits(takeId: string, quantity: number, buyerId: string | null) {
    if (!this.isArmed) return NOT_ARMED;
    const before = this.holds.get(takeId);
    if (before?.state === 'pinned') return { kind: 'taken', epoch: this.epoch } as const;
    if (before !== undefined) return { kind: 'over' } as const;
    if (this.state === 'halted' || this.state === 'ended') return { kind: 'closed' } as const;
    if (quantity > this.free()) {
      return { kind: 'insufficient_stock', available: Math.max(0, this.free()) } as const;
    }
    if (buyerId !== null) {
      const isOver = this.buyerLimit !== null && this.buyerUnits(buyerId) + quantity > this.buyerLimit;
      if (isOver) return { kind: 'buyer_limit_reached' } as const;
      this.#addToBuyer(buyerId, quantity);
    }
    this.available -= quantity;
    this.holds.set(takeId, {
      quantity,
      buyerId,
      keyDigest: null,
      state: 'pinned',
      deadlineMs: 0,
      leaseMs: LEASE_MS,
      isOld: false,
    });
    return { kind: 'taken', epoch: this.epoch } as const;
  }

  settleHolds(settlements: readonly { holdId: string; outcome: HoldOutcome }[]) {
    if (!this.isArmed) return NOT_ARMED;
    let count = 0;
    for (const { holdId, outcome } of settlements) {
      const hold = this.holds.get(holdId);
      if (hold?.state !== 'held' && hold?.state !== 'pinned') continue;
      this.#end(hold, outcome);
      count += 1;
    }
    return { kind: 'settled', count } as const;
  }

  /** Each pin with whether its deadline is over. */
  listOverduePins() {
    if (!this.isArmed) return NOT_ARMED;
    const pins = [...this.holds]
      .filter(([, hold]) => hold.state === 'pinned' && hold.leaseMs <= 0)
      .map(([holdId, hold]) => ({ holdId, isOver: hold.deadlineMs <= 0 }));
    for (const { holdId } of pins) (this.holds.get(holdId) as ModelHold).leaseMs = LEASE_MS;
    return { kind: 'overdue', pins } as const;
  }

  /** A clock that was set back keeps no unit for longer than the longest hold. */
  #bringNear(hold: ModelHold): void {
    const isFar = hold.state === 'held' || (hold.state === 'pinned' && hold.leaseMs > LEASE_MS);
    if (!isFar) return;
    hold.deadlineMs = Math.min(hold.deadlineMs, HOLD_TTL_MAX_S * 1_000);
    if (hold.state === 'pinned') hold.leaseMs = LEASE_MS;
  }

  /** Unlike others, it leaves nothing overdue: what is to be ended is not left to the script. */
  reapHolds() {
    if (!this.isArmed) return NOT_ARMED;
    const overdue = [...this.holds.values()].filter((hold) => this.isOverdue(hold));
    for (const hold of overdue) this.#end(hold, 'expired');
    for (const hold of this.holds.values()) this.#bringNear(hold);
    const old = [...this.holds].filter(([, { isOld }]) => isOld);
    for (const [holdId, { keyDigest }] of old) {
      this.holds.delete(holdId);
      if (keyDigest !== null) this.keys.delete(keyDigest);
    }
    return { kind: 'reaped', count: overdue.length, forgotten: old.length } as const;
  }

  readSale() {
    if (!this.isArmed) return NOT_ARMED;
    for (const hold of this.holds.values()) if (this.isOverdue(hold)) this.#end(hold, 'expired');
    const count = (state: RecordState) => [...this.holds.values()].filter((h) => h.state === state).length;
    const { epoch, state, available } = this;
    return { kind: 'sale', epoch, state, available, holds: count('held'), pins: count('pinned') } as const;
  }

  applyCredits(credits: readonly ModelCredit[]) {
    if (!this.isArmed) return NOT_ARMED;
    for (const { id, seq, units, buyerId, reason } of credits) {
      if (seq <= this.base || this.applied.has(id)) continue;
      this.applied.add(id);
      this.#giveBack(units, buyerId);
      if (reason === 'restock') this.allotment += units;
    }
    return { kind: 'applied', epoch: this.epoch } as const;
  }

  beginRebuild(begin: { id: number; epoch: number; lastArmedEpoch: number }) {
    const { id, epoch, lastArmedEpoch } = begin;
    if (epoch <= Math.max(this.epoch, this.rebuildEpoch)) return { kind: 'superseded' } as const;
    Object.assign(this, { isArmed: false, begunBy: id, rebuildEpoch: epoch });
    const living = [...this.holds].filter(([, { state }]) => state === 'held' || state === 'pinned');
    this.buyers.clear();
    this.applied.clear();
    for (const [, hold] of living) {
      // A clock that was set back keeps nobody's units for longer than a hold may last.
      hold.deadlineMs = Math.min(hold.deadlineMs, HOLD_TTL_MAX_S * 1_000);
      if (hold.state === 'pinned') hold.leaseMs = Math.min(0, hold.deadlineMs) + LEASE_MS;
      if (hold.buyerId !== null) this.#addToBuyer(hold.buyerId, hold.quantity);
    }
    const holdIds = living.map(([holdId]) => holdId).toSorted();
    const isContinuous = this.isLastLife && this.epoch === lastArmedEpoch;
    return { kind: 'begun', isContinuous, holdIds } as const;
  }

  /** @param begunBy the begin whose token it brings; null when that was in another life of the data */
  #isRebuilding(begunBy: number | null): boolean {
    return this.begunBy !== 0 && this.begunBy === begunBy;
  }

  endDecided(outcomes: readonly Settlement[], begunBy: number | null) {
    if (!this.#isRebuilding(begunBy)) return { kind: 'superseded' } as const;
    for (const { holdId, outcome } of outcomes) {
      const hold = this.holds.get(holdId);
      if (hold?.state !== 'held' && hold?.state !== 'pinned') continue;
      this.#end(hold, outcome);
      // SQL has counted what its buyer ordered.
      const isGone = outcome === 'ordered' || outcome === 'withdrawn';
      if (isGone && hold.buyerId !== null) this.#addToBuyer(hold.buyerId, -hold.quantity);
    }
    return { kind: 'ended' } as const;
  }

  commitRebuild(snapshot: RebuildSnapshot, begunBy: number | null) {
    if (!this.#isRebuilding(begunBy)) return { kind: 'superseded' } as const;
    this.buyers = new Map(snapshot.buyers.map(({ buyerId, units }) => [buyerId, units]));
    let kept = 0;
    for (const hold of this.holds.values()) {
      if (hold.state !== 'held' && hold.state !== 'pinned') continue;
      kept += hold.quantity;
      if (hold.buyerId !== null) this.#addToBuyer(hold.buyerId, hold.quantity);
    }
    const { epoch, baseSeq: base, state, buyerLimit, allotment } = snapshot;
    const available = allotment - snapshot.committed - kept;
    const remembersLoss = this.remembersLoss || snapshot.lossRememberedMs > 0;
    Object.assign(this, { epoch, base, state, buyerLimit, allotment, available, remembersLoss });
    Object.assign(this, { isArmed: true, isLastLife: true, begunBy: 0 });
    return { kind: 'armed', available } as const;
  }
}
