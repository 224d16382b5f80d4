/** Several rebuilds of one sale at once, each at a step of its own. */

import { ARMED_SALE_STATES, type SaleState } from '@flash-sale/shared/lifecycle.ts';
import type { Redis } from 'ioredis';
import { endDecided } from '../../redis/sale-scripts.ts';
import { beginRebuild, commitRebuild, type RebuildSnapshot } from '../rebuilding.ts';
import { expectEqual } from './exact-look.ts';
import type { LedgerModel } from './ledger-model.ts';
import { formerToken } from './photograph.ts';
import type { RedisModel } from './redis-model.ts';

export interface ScriptSetting {
  /** Runs the scripts under test; a mutant changes them on the way. */
  readonly redis: Redis;
  /** Looks, and makes faults: never a mutant. */
  readonly observer: Redis;
  readonly saleId: number;
}

interface Begun {
  token: string;
  readonly isContinuous: boolean;
  readonly holdIds: readonly string[];
}

interface Rebuilder {
  readonly epoch: number;
  readonly lastArmedEpoch: number;
  /** Its begin: a number of the model's, null once another life of the data took over. */
  id: number | null;
  begun: Begun | null;
  /** SQL was asked about the holds that are there, and those that it decided about are over. */
  isKept: boolean;
  snapshot: RebuildSnapshot | null;
}

const AT_ONCE = 3;

export class ScriptRebuilds {
  readonly #at: ScriptSetting;
  readonly #model: RedisModel;
  readonly #ledger: LedgerModel;
  #running: Rebuilder[] = [];
  #beginCount = 0;

  constructor(setting: ScriptSetting, model: RedisModel, ledger: LedgerModel) {
    this.#at = setting;
    this.#model = model;
    this.#ledger = ledger;
  }

  /** From beginning to end. */
  async rebuild(): Promise<boolean> {
    if (!isServed(this.#ledger.state)) return false;
    const rebuilder = this.#raise();
    while (await this.#advance(rebuilder));
    return true;
  }

  async advanceOne(nth: number): Promise<boolean> {
    const rebuilder = this.#running[nth % AT_ONCE];
    if (rebuilder === undefined) {
      this.#running.push(this.#raise());
      return true;
    }
    const isOver = !(await this.#advance(rebuilder));
    // One that is over is sometimes sent once more, as by a socket that kept it.
    if (isOver && nth > AT_ONCE) this.#running = this.#running.filter((other) => other !== rebuilder);
    return true;
  }

  /** A begin that is carried out twice: the second time nobody hears the answer. */
  async beginAgain(nth: number): Promise<boolean> {
    const begun = choose(
      this.#running.filter((rebuilder) => rebuilder.begun !== null),
      nth,
    );
    if (begun === undefined) return false;
    await this.#begin(begun);
    return true;
  }

  /** Rebuilds that began in the former life must not be committed in this one. */
  loseLife(): void {
    for (const rebuilder of this.#running) {
      rebuilder.id = null;
      if (rebuilder.begun !== null) rebuilder.begun.token = formerToken(rebuilder.begun.token);
    }
  }

  #raise(): Rebuilder {
    const raised = this.#ledger.raiseEpoch(Math.max(this.#model.epoch, this.#model.rebuildEpoch));
    return { ...raised, id: null, begun: null, isKept: false, snapshot: null };
  }

  /** One step of a rebuild: begin, ask about the holds, read or commit. @returns false when it is over. */
  async #advance(rebuilder: Rebuilder): Promise<boolean> {
    if (rebuilder.begun === null) return this.#begin(rebuilder);
    if (rebuilder.snapshot !== null) return this.#commit(rebuilder);
    if (!rebuilder.isKept) return this.#endDecided(rebuilder, rebuilder.begun);
    const { begun, epoch, lastArmedEpoch } = rebuilder;
    if (!this.#ledger.noteArming(epoch)) return false;
    const isLost = lastArmedEpoch > 0 && !begun.isContinuous;
    rebuilder.snapshot = this.#ledger.snapshot({ token: '', epoch, isLost });
    return true;
  }

  async #begin(rebuilder: Rebuilder): Promise<boolean> {
    this.#beginCount += 1;
    const id = this.#beginCount;
    const expected = this.#model.beginRebuild({ ...rebuilder, id });
    const reply = await beginRebuild(this.#at.redis, this.#at.saleId, rebuilder);
    const seen = reply.kind === 'begun' ? { ...reply, holdIds: reply.holdIds.toSorted() } : reply;
    expectEqual('begin_rebuild', seen, expected);
    if (expected.kind !== 'begun' || reply.kind !== 'begun') return false;
    if (rebuilder.begun === null) {
      Object.assign(rebuilder, { id, begun: { ...expected, token: reply.token } });
    }
    return true;
  }

  async #endDecided(rebuilder: Rebuilder, begun: Begun): Promise<boolean> {
    const { redis, saleId } = this.#at;
    const outcomes = this.#ledger.outcomesOf(begun.holdIds);
    const expected = this.#model.endDecided(outcomes, rebuilder.id);
    expectEqual('end_decided', await endDecided(redis, saleId, begun.token, outcomes), expected);
    rebuilder.isKept = expected.kind === 'ended';
    return rebuilder.isKept;
  }

  async #commit({ id, begun, snapshot }: Rebuilder): Promise<false> {
    if (begun === null || snapshot === null) return false;
    const expected = this.#model.commitRebuild(snapshot, id);
    const asBegun = { ...snapshot, token: begun.token };
    expectEqual('commit_rebuild', await commitRebuild(this.#at.redis, this.#at.saleId, asBegun), expected);
    return false;
  }
}

export function choose<Item>(items: readonly Item[], nth: number): Item | undefined {
  return items[nth % Math.max(1, items.length)];
}

function isServed(state: SaleState): boolean {
  return (ARMED_SALE_STATES as readonly SaleState[]).includes(state);
}
