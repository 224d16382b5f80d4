/**
 * Buyers who do not give up: whatever dies under them, they send the same request again until it is answered. Their
 * number is bounded; each visit draws from a chance of its own, made from the seed and the visit's number.
 */

import { chanceOf, type Chance } from '../seeded.ts';
import type { Board, OpenSale } from './board.ts';
import type { Caller } from './caller.ts';
import type { Ask, Reply } from './history.ts';
import { pay, planPayment, tell } from './provider.ts';
import { API_NAMES } from './stack.ts';

const HOLD_PATIENCE_MS = 6_000;
/** After its deadline a hold that was pinned in time may still become an order. */
const ORDER_PATIENCE_MS = 4_000;
const PAUSE_MAX_MS = 200;

export interface CrowdOptions {
  readonly caller: Caller;
  readonly board: Board;
  readonly seed: number;
  readonly buyers: number;
}

export class Crowd {
  readonly #options: CrowdOptions;
  readonly #running: Promise<void>[] = [];
  #isOver = false;
  visits = 0;

  constructor(options: CrowdOptions) {
    this.#options = options;
  }

  start(): void {
    for (let buyer = 0; buyer < this.#options.buyers; buyer += 1) this.#running.push(this.#shop());
  }

  /** Resolves when every visit that has begun is over. */
  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#running);
  }

  async #shop(): Promise<void> {
    while (!this.#isOver) {
      this.visits += 1;
      const chance = chanceOf(Math.imul(this.#options.seed, 31) + this.visits);
      await new Visit(this.#options, chance).run();
    }
  }
}

class Visit {
  readonly #caller: Caller;
  readonly #chance: Chance;
  readonly #sale: OpenSale;
  readonly #quantity: number;
  readonly #buyerId: string | null;

  constructor({ caller, board }: CrowdOptions, chance: Chance) {
    this.#caller = caller;
    this.#chance = chance;
    this.#sale = board.pick(chance);
    const { quantityMax, regulars } = this.#sale.kind;
    this.#quantity = chance.integer(1, quantityMax);
    this.#buyerId = regulars === null ? null : `buyer-${chance.integer(1, regulars)}`;
  }

  async run(): Promise<void> {
    const held = await this.#hold();
    if (held === null) {
      // Sold out is heard quickly; a buyer waits a moment before the next visit.
      await this.#think(30, 250);
      return;
    }
    const [isOrdering, plan] = [this.#chance.next() < this.#sale.kind.ordered, this.#chance.next()];
    if (isOrdering) {
      if (plan < 0.1) await this.#orderAtDeadline(held);
      else if (plan < 0.15) await this.#useIntentTwice(held);
      else await this.#orderAndPay(held);
      return;
    }
    if (plan < 0.3) await this.#insist({ do: 'read', holdId: held.holdId }, HOLD_PATIENCE_MS);
    if (plan < 0.7) await this.#release(held.holdId);
    else await this.#think(0, 300);
  }

  async #hold(): Promise<{ holdId: string; deadlineMs: number } | null> {
    const { saleId, productId, kind } = this.#sale;
    const ask: Ask = {
      do: 'hold',
      saleId,
      productId,
      quantity: this.#quantity,
      buyerId: this.#buyerId,
      key: crypto.randomUUID(),
      ttlMs: kind.holdTtlMs,
    };
    // An impatient finger presses twice.
    const presses = this.#chance.next() < 0.05 ? 2 : 1;
    const replies = await Promise.all(
      Array.from({ length: presses }, () => this.#insist(ask, HOLD_PATIENCE_MS)),
    );
    const reply = replies.find((one) => one !== null && one.status < 300);
    if (reply === undefined || reply === null) return null;
    return {
      holdId: String(reply.data['hold_id']),
      deadlineMs: Date.parse(String(reply.data['expires_at'])),
    };
  }

  async #release(holdId: string): Promise<void> {
    await this.#think(0, 600);
    await this.#insist({ do: 'release', holdId }, HOLD_PATIENCE_MS);
    // Released is released: this has to be refused.
    if (this.#chance.next() < 0.3) await this.#order(holdId, newIntent(), HOLD_PATIENCE_MS);
  }

  /** Just before, or just after. */
  async #orderAtDeadline({ holdId, deadlineMs }: { holdId: string; deadlineMs: number }): Promise<void> {
    await Bun.sleep(Math.max(0, deadlineMs - Date.now() + this.#chance.integer(-60, 60)));
    await this.#order(holdId, newIntent(), ORDER_PATIENCE_MS);
  }

  async #useIntentTwice({ holdId, deadlineMs }: { holdId: string; deadlineMs: number }): Promise<void> {
    const other = await this.#hold();
    const intentId = newIntent();
    const patienceMs = deadlineMs - Date.now() + ORDER_PATIENCE_MS;
    await this.#order(holdId, intentId, patienceMs);
    if (other === null) return;
    await this.#order(other.holdId, intentId, patienceMs);
    await this.#order(other.holdId, newIntent(), patienceMs);
  }

  async #orderAndPay({ holdId, deadlineMs }: { holdId: string; deadlineMs: number }): Promise<void> {
    const chance = this.#chance;
    const intentId = newIntent();
    const plan = planPayment(chance, this.#sale.kind);
    const early =
      plan === 'early'
        ? tell(
            this.#caller,
            chance,
            { event: 'success', holdId, intentId, amount: null, currency: null },
            chance.integer(1, 2),
          )
        : null;
    if (this.#sale.kindName !== 'eager') await this.#think(0, 400);
    const patienceMs = deadlineMs - Date.now() + ORDER_PATIENCE_MS;
    const tries = chance.next() < 0.1 ? 2 : 1;
    const replies = await Promise.all(
      Array.from({ length: tries }, () => this.#order(holdId, intentId, patienceMs)),
    );
    await early;
    const placed = replies.find((reply) => reply !== null && reply.status < 300);
    if (placed === undefined || placed === null) return;
    const payBy = Date.parse(String(placed.data['pay_by']));
    await pay(this.#caller, chance, plan, { holdId, intentId, quantity: this.#quantity, payBy });
    if (chance.next() < 0.2) await this.#insist({ do: 'read', holdId }, HOLD_PATIENCE_MS);
  }

  #order(holdId: string, intentId: string, patienceMs: number): Promise<Reply | null> {
    return this.#insist({ do: 'order', holdId, intentId }, patienceMs);
  }

  /** Sends it until it is answered. @returns null when patience ends first */
  async #insist(ask: Ask, patienceMs: number): Promise<Reply | null> {
    const deadline = performance.now() + patienceMs;
    let pauseMs = 15;
    do {
      const reply = await this.#caller.call(ask, this.#chance.pick(API_NAMES));
      if (reply !== null && reply.status !== 503) return reply;
      await Bun.sleep(pauseMs * (0.5 + this.#chance.next()));
      pauseMs = Math.min(PAUSE_MAX_MS, pauseMs * 1.6);
    } while (performance.now() < deadline);
    return null;
  }

  #think(fromMs: number, toMs: number): Promise<void> {
    return Bun.sleep(this.#chance.integer(fromMs, toMs));
  }
}

function newIntent(): string {
  return `pi_${crypto.randomUUID()}`;
}
