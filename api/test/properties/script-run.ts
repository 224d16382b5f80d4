/**
 * One run of steps against the real Lua scripts on a real Redis. SQL's part is played by its model, so that a step
 * costs one call and a look; every reply is compared with the model's, and after every step everything Redis knows.
 */

import { SALE_MOVES } from '@flash-sale/shared/lifecycle.ts';
import * as scripts from '../../redis/hold-scripts.ts';
import { placeHolds, type HoldRequest } from '../../redis/placement-scripts.ts';
import * as saleScripts from '../../redis/sale-scripts.ts';
import { expectAsModelled, expectConserved, expectEqual } from './exact-look.ts';
import { LedgerModel, type Decision, type ModelOrder, type Vouch } from './ledger-model.ts';
import {
  becomeFormer,
  copySale,
  letPass,
  loseSale,
  passDeadline,
  photograph,
  restoreSale,
  shiftClock,
} from './photograph.ts';
import { RedisModel } from './redis-model.ts';
import { expectTold } from './told-look.ts';
import { choose, ScriptRebuilds, type ScriptSetting } from './script-rebuilds.ts';
import type { ScriptStep } from './script-steps.ts';

const HOUR_MS = 3_600_000;
/** Longer than all the steps of the clock in a run. */
const LONG_MS = 1_000 * HOUR_MS;

export class ScriptRun {
  readonly #at: ScriptSetting;
  readonly #model = new RedisModel();
  readonly #ledger: LedgerModel;
  readonly #rebuilds: ScriptRebuilds;
  #holdCount = 0;
  /** Pins and takes whose SQL transaction may still come. */
  readonly #vouches: { vouch: Vouch; late: ModelOrder | null }[] = [];
  /** Units taken out of the sale, as far as Redis is concerned. */
  readonly #withdrawals: Vouch[] = [];
  readonly #acks: { ids: number[]; epoch: number }[] = [];
  #listed: { holdId: string; isOver: boolean }[] = [];
  #lastPlacement: HoldRequest[] | null = null;
  #copy: { dumps: (Buffer | null)[]; model: unknown } | null = null;

  constructor(setting: ScriptSetting, allotment: number, buyerLimit: number | null) {
    this.#at = setting;
    this.#ledger = new LedgerModel(allotment, buyerLimit);
    this.#rebuilds = new ScriptRebuilds(setting, this.#model, this.#ledger);
  }

  /** @returns false when the step does not apply: there is nothing to pin, say. */
  async take(step: ScriptStep): Promise<boolean> {
    const applies =
      step.do === 'hold' ? await this.#hold(step.requests) : await this.#steps[step.do](step.nth);
    if (applies) await this.#look();
    return applies;
  }

  /** I8: when faults stop, everything settles, whatever happened before. */
  async settle(): Promise<void> {
    const { observer, saleId } = this.#at;
    if (this.#ledger.state === 'halted') this.#ledger.move('paused');
    await this.#steps.rebuild(0);
    await shiftClock(observer, saleId, LONG_MS);
    this.#model.shiftClock(LONG_MS);
    await this.#steps.listPins(0);
    while (this.#listed.length > 0) await this.#steps.settlePin(0);
    await this.#steps.reap(0);
    if (await this.#steps.applyCredits(0)) await this.#steps.acknowledge(this.#acks.length - 1);
    await this.#look();
    const { allotment, committed } = this.#ledger;
    const left = this.#model.units(({ state }) => state === 'held' || state === 'pinned');
    const stock = { left, owed: this.#ledger.undelivered().length, available: this.#model.available };
    expectEqual('everything has settled (I8)', stock, { left: 0, owed: 0, available: allotment - committed });
  }

  async #look(): Promise<void> {
    const photo = await photograph(this.#at.observer, this.#at.saleId);
    this.#model.adopt((holdId) => photo.holds.get(holdId)?.state === 'expired');
    expectConserved(photo, this.#ledger);
    expectAsModelled(photo, this.#model);
    expectTold(photo);
    const { committed, allotment } = this.#ledger;
    expectEqual('units of pending and paid orders (I1)', this.#ledger.orderedUnits(), committed);
    if (committed > allotment) throw new Error(`committed ${committed} of ${allotment} (I1)`);
  }

  // ---- choosing ----

  /** Every second choice is of those that live, so that runs do not spend themselves on the ended. */
  #chooseHold(nth: number): string | undefined {
    const all = [...this.#model.holds];
    const living = all.filter(([, { state }]) => state === 'held' || state === 'pinned');
    const among = nth % 2 === 0 ? living : [...all, ['never-seen'] as const];
    return choose(among, nth >> 1)?.[0];
  }

  #holdRequest([quantity, buyerId, keyDigest, fingerprint]: readonly [
    number,
    string | null,
    string | null,
    string,
  ]) {
    this.#holdCount += 1;
    return { holdId: `h${this.#holdCount}`, quantity, ttlMs: null, buyerId, keyDigest, fingerprint };
  }

  // ---- the steps ----

  async #hold(wishes: Extract<ScriptStep, { do: 'hold' }>['requests']): Promise<boolean> {
    this.#lastPlacement = wishes.map((wish) => this.#holdRequest(wish));
    return this.#place(this.#lastPlacement);
  }

  async #place(requests: HoldRequest[]): Promise<boolean> {
    const expected = this.#model.placeHolds(requests);
    const reply = await placeHolds(this.#at.redis, this.#at.saleId, requests);
    expectEqual('place_holds', reply, expected);
    return true;
  }

  readonly #steps: Record<Exclude<ScriptStep['do'], 'hold'>, (nth: number) => Promise<boolean>> = {
    holdAgain: async () => this.#lastPlacement !== null && this.#place(this.#lastPlacement),
    read: async (nth) => {
      const holdId = this.#chooseHold(nth);
      if (holdId === undefined) return false;
      const expected = this.#model.readHold(holdId);
      expectEqual('read_hold', await scripts.readHold(this.#at.redis, this.#at.saleId, holdId), expected);
      return true;
    },
    release: async (nth) => {
      const holdId = this.#chooseHold(nth);
      if (holdId === undefined) return false;
      const expected = this.#model.releaseHold(holdId);
      const reply = await scripts.releaseHold(this.#at.redis, this.#at.saleId, holdId);
      expectEqual('release_hold', reply, expected);
      return true;
    },
    pin: async (nth) => {
      const holdId = this.#chooseHold(nth);
      if (holdId === undefined) return false;
      const pin = this.#model.pinHold(holdId);
      expectEqual('pin_hold', await scripts.pinHold(this.#at.redis, this.#at.saleId, holdId), pin);
      if (pin.kind === 'pinned') this.#vouches.push({ vouch: { ...pin, holdId }, late: null });
      return true;
    },
    commit: (nth) => this.#commit(nth),
    settle: async (nth) => {
      const decided = choose([...this.#ledger.outcomes], nth);
      if (decided === undefined) return false;
      await this.#settleHolds([{ holdId: decided[0], outcome: decided[1] }]);
      return true;
    },
    listPins: async () => {
      const expected = this.#model.listOverduePins();
      const reply = await scripts.listOverduePins(this.#at.redis, this.#at.saleId, 100);
      const order = (pins: { holdId: string; isOver: boolean }[]) =>
        pins.toSorted((a, b) => (a.holdId < b.holdId ? -1 : 1));
      const seen =
        reply.kind === 'not_armed'
          ? reply
          : {
              ...reply,
              pins: order(
                reply.pins.map(({ holdId, deadlineMs }) => ({
                  holdId,
                  isOver: deadlineMs <= reply.nowMs,
                })),
              ),
            };
      const wanted = expected.kind === 'overdue' ? { ...expected, pins: order(expected.pins) } : expected;
      expectEqual('list_overdue_pins', seen, wanted);
      this.#listed = expected.kind === 'overdue' ? expected.pins : [];
      return true;
    },
    settlePin: async (nth) => {
      const pin = choose(this.#listed, nth);
      if (pin === undefined) return false;
      this.#listed = this.#listed.filter((other) => other !== pin);
      const decided = this.#ledger.outcomes.get(pin.holdId);
      if (decided === undefined && !pin.isOver) return true;
      const outcome = decided ?? this.#ledger.void(pin.holdId, 'expired');
      // Sometimes the settler dies between the two.
      if (nth % 4 !== 3) await this.#settleHolds([{ holdId: pin.holdId, outcome }]);
      return true;
    },
    reap: async () => {
      const expected = this.#model.reapHolds();
      expectEqual('reap_holds', await scripts.reapHolds(this.#at.redis, this.#at.saleId), expected);
      if (expected.kind === 'reaped' && expected.forgotten > 0) this.#lastPlacement = null;
      return true;
    },
    readSale: async () => {
      const expected = this.#model.readSale();
      expectEqual('read_sale', await saleScripts.readSale(this.#at.redis, this.#at.saleId), expected);
      return true;
    },
    endOrder: async (nth) => {
      const order = choose(this.#ordersIn('pending'), nth >> 1);
      if (order === undefined) return false;
      this.#ledger.endOrder(order, nth % 2 === 0 ? 'order_expired' : 'order_cancelled');
      return true;
    },
    pay: async (nth) => {
      const order = choose(this.#ordersIn('pending'), nth);
      if (order === undefined) return false;
      order.state = 'paid';
      return true;
    },
    applyCredits: async () => {
      const credits = this.#ledger.undelivered();
      if (credits.length === 0) return false;
      const expected = this.#model.applyCredits(credits);
      const reply = await saleScripts.applyCredits(this.#at.redis, this.#at.saleId, credits);
      expectEqual('apply_credits', reply, expected);
      if (expected.kind === 'applied') {
        this.#acks.push({ ids: credits.map(({ id }) => id), epoch: expected.epoch });
      }
      return true;
    },
    acknowledge: async (nth) => {
      const ack = choose(this.#acks, nth);
      if (ack === undefined) return false;
      this.#ledger.acknowledge(ack.ids, ack.epoch);
      return true;
    },
    takeLate: async (nth) => {
      const late = choose([...this.#ordersIn('expired'), ...this.#ordersIn('cancelled')], nth);
      if (late === undefined) return false;
      this.#holdCount += 1;
      const { quantity, buyerId } = late;
      const takeId = `t${this.#holdCount}`;
      const expected = this.#model.takeUnits(takeId, quantity, buyerId);
      const reply = await scripts.takeUnits(this.#at.redis, this.#at.saleId, { takeId, quantity, buyerId });
      expectEqual('take_units', reply, expected);
      if (expected.kind !== 'taken') return true;
      this.#vouches.push({ vouch: { holdId: takeId, quantity, buyerId, epoch: expected.epoch }, late });
      return true;
    },
    takeOut: async (nth) => {
      this.#holdCount += 1;
      const [holdId, quantity] = [`w${this.#holdCount}`, 1 + (nth % 3)];
      const expected = this.#model.takeUnits(holdId, quantity, null);
      const take = { takeId: holdId, quantity, buyerId: null };
      expectEqual('take_units', await scripts.takeUnits(this.#at.redis, this.#at.saleId, take), expected);
      if (expected.kind !== 'taken') return true;
      this.#withdrawals.push({ holdId, quantity, buyerId: null, epoch: expected.epoch });
      return true;
    },
    /** It may also never come, or be refused; then the settler finds the pin. */
    withdraw: async (nth) => {
      const vouch = choose(this.#withdrawals, nth);
      if (vouch === undefined) return false;
      this.#ledger.withdraw(vouch);
      return true;
    },
    restock: async (nth) => {
      this.#ledger.restock(1 + (nth % 3));
      return true;
    },
    move: async (nth) => {
      const to = choose(
        SALE_MOVES[this.#ledger.state].filter((state) => state !== 'ended'),
        nth,
      );
      if (to === undefined) return false;
      this.#ledger.move(to);
      return true;
    },
    rebuild: () => this.#rebuilds.rebuild(),
    rebuilder: (nth) => this.#rebuilds.advanceOne(nth),
    beginAgain: (nth) => this.#rebuilds.beginAgain(nth),
    flush: async () => {
      this.#lastPlacement = null;
      this.#model.flush();
      await loseSale(this.#at.observer, this.#at.saleId);
      return true;
    },
    restart: async () => {
      this.#model.restart();
      this.#rebuilds.loseLife();
      await becomeFormer(this.#at.observer, this.#at.saleId);
      return true;
    },
    copy: async () => {
      this.#copy = {
        dumps: await copySale(this.#at.observer, this.#at.saleId),
        model: this.#model.copy(),
      };
      return true;
    },
    restore: async () => {
      if (this.#copy === null) return false;
      this.#lastPlacement = null;
      this.#model.restore(this.#copy.model);
      this.#model.restart();
      this.#rebuilds.loseLife();
      await restoreSale(this.#at.observer, this.#at.saleId, this.#copy.dumps);
      return true;
    },
    passDeadline: async (nth) => {
      const holdId = this.#chooseHold(nth * 2);
      const hold = this.#model.holds.get(holdId ?? '');
      if (holdId === undefined || hold === undefined) return false;
      hold.deadlineMs = -1_000;
      await passDeadline(this.#at.observer, this.#at.saleId, holdId, 1_000);
      return true;
    },
    shiftClock: async (nth) => {
      const byMs = nth % 3 === 0 ? -HOUR_MS : HOUR_MS;
      this.#model.shiftClock(byMs);
      await shiftClock(this.#at.observer, this.#at.saleId, byMs);
      return true;
    },
    endLeases: async () => {
      for (const hold of this.#model.holds.values()) hold.leaseMs = -1_000;
      await letPass(this.#at.observer, this.#at.saleId, 'leases', 1_000);
      return true;
    },
    forgetEnded: async () => {
      for (const hold of this.#model.holds.values()) {
        hold.isOld = hold.state !== 'held' && hold.state !== 'pinned';
      }
      await letPass(this.#at.observer, this.#at.saleId, 'ended', HOUR_MS);
      return true;
    },
  };

  async #settleHolds(settlements: scripts.Settlement[]): Promise<void> {
    const expected = this.#model.settleHolds(settlements);
    const reply = await scripts.settleHolds(this.#at.redis, this.#at.saleId, settlements);
    expectEqual('settle_holds', reply, expected);
  }

  /** The SQL transaction of an order or a late payment; an unused or refused permission is voided. */
  async #commit(nth: number): Promise<boolean> {
    const attempt = choose(this.#vouches, nth);
    if (attempt === undefined) return false;
    const { vouch, late } = attempt;
    // An attempt may be made twice: by a buyer who asks again, by two processes at once.
    if (nth % 3 === 0) this.#vouches.splice(this.#vouches.indexOf(attempt), 1);
    const decision = late === null ? this.#ledger.order(vouch, vouch.holdId) : this.#orderAgain(late, vouch);
    const isGivenUp = late !== null && decision !== 'created' && decision !== 'decided';
    if (decision !== 'gate' && !isGivenUp) return true;
    const outcome = this.#ledger.void(vouch.holdId, late === null ? 'lost' : 'expired');
    await this.#settleHolds([{ holdId: vouch.holdId, outcome }]);
    return true;
  }

  /** A late payment whose order was paid by then uses nothing of its take. */
  #orderAgain(order: ModelOrder, take: Vouch): Decision {
    if (order.state !== 'expired' && order.state !== 'cancelled') return 'stopped';
    return this.#ledger.orderAgain(order, take);
  }

  #ordersIn(state: ModelOrder['state']): ModelOrder[] {
    return [...this.#ledger.orders.values()].filter((order) => order.state === state);
  }
}
