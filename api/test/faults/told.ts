/** What was promised to whom, as far as the clients can know: the state that a history adds up to. */

import type { Ask, Deed, Entry, Loss, Reply } from './history.ts';

export interface OrderTold {
  readonly orderId: string;
  readonly holdId: string;
  readonly saleId: number;
  readonly intentId: string;
  readonly quantity: number;
  readonly amount: number;
  readonly currency: string;
  readonly payBy: number;
  readonly toldAt: number;
}

export interface HoldTold {
  readonly holdId: string;
  readonly saleId: number;
  readonly quantity: number;
  readonly buyerId: string | null;
  /** When the request was sent that was first answered with this hold. */
  readonly askedAt: number;
  readonly toldAt: number;
  readonly deadlineMs: number;
  releaseSentAt: number | null;
  releasedAt: number | null;
  orderSentAt: number | null;
  order: OrderTold | null;
  /** From then on its order may have been cancelled. */
  failureSentAt: number | null;
  /** Money that came in time kept the order standing since it was made. */
  paid: { at: number; isInTime: boolean } | null;
  /** When it was found lost although it still stood, and what explains it. */
  lost: { at: number; loss: Loss } | null;
}

export interface NoticeTold {
  readonly webhookId: string;
  readonly event: 'success' | 'failure';
  readonly holdId: string;
  readonly intentId: string;
  /** null: recorded before its order was known. */
  readonly orderId: string | null;
  readonly orderState: string | null;
  readonly payment: string | null;
  readonly toldAt: number;
}

interface Waiting {
  readonly ask: Ask;
  readonly at: number;
}

/** An answer, with its question. */
export interface Heard<Asked extends Ask = Ask> {
  readonly ask: Asked;
  readonly sentAt: number;
  readonly reply: Reply;
  readonly at: number;
}

export class Told {
  readonly holds = new Map<string, HoldTold>();
  readonly orders: OrderTold[] = [];
  readonly notices: NoticeTold[] = [];
  readonly losses = new Map<number, Loss>();
  /** Intents of all notices that were signed, answered or not. */
  readonly intentsSent = new Set<string>();
  readonly holdOfKey = new Map<string, string>();
  /** Disposition by intent, as first told. */
  readonly paymentOfIntent = new Map<string, string>();
  readonly intentsOfHold = new Map<string, Set<string>>();
  readonly holdsOfIntent = new Map<string, Set<string>>();
  readonly forged = new Set<string>();
  /** `hold 201`, `order hold_expired`, `success silence`: how often. */
  readonly counts = new Map<string, number>();
  readonly #waiting = new Map<number, Waiting>();
  readonly #onReply: (heard: Heard) => void;

  /** @param onReply called before the answer is counted */
  constructor(onReply: (told: Told, heard: Heard) => void = () => {}) {
    this.#onReply = (heard) => onReply(this, heard);
  }

  take(entry: Entry): void {
    if ('sent' in entry) {
      this.#waiting.set(entry.n, { ask: entry.sent, at: entry.at });
      this.#noteSent(entry.sent, entry.at);
    } else if ('loss' in entry) {
      this.losses.set(entry.loss.id, entry.loss);
    } else if ('n' in entry) {
      const waiting = this.#waiting.get(entry.n);
      this.#waiting.delete(entry.n);
      if (waiting === undefined) throw new Error(`answer ${entry.n} has no question`);
      if ('told' in entry) this.#noteTold(waiting, entry.told, entry.at);
      else this.#count(waiting.ask.do, 'silence');
    }
  }

  count(key: string): number {
    return this.counts.get(key) ?? 0;
  }

  /** The fault that may have taken this hold from Redis by `at`. */
  lossOf(hold: HoldTold, at: number): Loss | undefined {
    for (const loss of this.losses.values()) {
      const hasBegun = loss.from <= at;
      const wasThen = loss.to === null || hold.askedAt <= loss.to;
      if (hasBegun && wasThen && (loss.heldSince === null || hold.toldAt >= loss.heldSince)) return loss;
    }
    return undefined;
  }

  #noteSent(ask: Ask, at: number): void {
    if (ask.do === 'hold' || ask.do === 'read') return;
    const hold = this.holds.get(ask.holdId);
    switch (ask.do) {
      case 'release':
        if (hold !== undefined) hold.releaseSentAt ??= at;
        return;
      case 'order':
        if (hold !== undefined) hold.orderSentAt ??= at;
        into(this.intentsOfHold, ask.holdId, ask.intentId);
        into(this.holdsOfIntent, ask.intentId, ask.holdId);
        return;
      case 'failure':
        if (hold !== undefined && !ask.isForged) hold.failureSentAt ??= at;
        break;
      case 'success':
        if (!ask.isForged) this.intentsSent.add(ask.intentId);
    }
    if (ask.isForged) this.forged.add(ask.webhookId);
  }

  #noteTold({ ask, at: sentAt }: Waiting, reply: Reply, at: number): void {
    this.#count(ask.do, reply.code ?? String(reply.status));
    this.#onReply({ ask, sentAt, reply, at });
    if (reply.status >= 300 && reply.code !== 'payment_intent_unknown') {
      this.#noteLost(ask, reply, at);
      return;
    }
    switch (ask.do) {
      case 'hold':
        return this.#noteHold(ask, reply, sentAt, at);
      case 'order':
        return this.#noteOrder(ask, reply, at);
      case 'release': {
        const hold = this.holds.get(ask.holdId);
        if (hold !== undefined && reply.data['state'] === 'released') hold.releasedAt ??= at;
        return;
      }
      case 'success':
      case 'failure':
        return this.#noteNotice(ask, reply, at);
      case 'read':
    }
  }

  #noteHold(ask: Extract<Ask, { do: 'hold' }>, { data }: Reply, askedAt: number, toldAt: number): void {
    const holdId = String(data['hold_id']);
    this.holdOfKey.set(ask.key, holdId);
    if (this.holds.has(holdId)) return;
    this.holds.set(holdId, {
      holdId,
      saleId: ask.saleId,
      quantity: ask.quantity,
      buyerId: ask.buyerId,
      askedAt,
      toldAt,
      deadlineMs: Date.parse(String(data['expires_at'])),
      releaseSentAt: null,
      releasedAt: null,
      orderSentAt: null,
      order: null,
      failureSentAt: null,
      paid: null,
      lost: null,
    });
  }

  #noteOrder({ holdId, intentId }: Extract<Ask, { do: 'order' }>, { data }: Reply, toldAt: number): void {
    const hold = this.holds.get(holdId);
    if (hold === undefined) return;
    if (hold.order === null) {
      hold.order = {
        orderId: String(data['order_id']),
        holdId,
        saleId: hold.saleId,
        intentId,
        quantity: Number(data['quantity']),
        amount: Number(data['amount']),
        currency: String(data['currency']),
        payBy: Date.parse(String(data['pay_by'])),
        toldAt,
      };
      this.orders.push(hold.order);
    }
    if (data['status'] === 'paid') hold.paid ??= { at: toldAt, isInTime: false };
  }

  #noteNotice(ask: Extract<Ask, { do: 'success' | 'failure' }>, { status, data }: Reply, toldAt: number) {
    const { webhookId, holdId, intentId } = ask;
    const text = (name: string) => (typeof data[name] === 'string' ? data[name] : null);
    const isKnown = status === 200;
    const payment = isKnown ? text('payment') : null;
    this.notices.push({
      webhookId,
      event: ask.do,
      holdId,
      intentId,
      orderId: isKnown ? text('order_id') : null,
      orderState: isKnown ? text('status') : null,
      payment,
      toldAt,
    });
    if (ask.do === 'success' && payment !== null && !this.paymentOfIntent.has(intentId)) {
      this.paymentOfIntent.set(intentId, payment);
    }
    const hold = this.holds.get(text('hold_id') ?? '');
    if (hold === undefined || data['status'] !== 'paid') return;
    const isInTime = payment === 'applied';
    if (hold.paid === null || (isInTime && !hold.paid.isInTime)) {
      hold.paid = { at: hold.paid?.at ?? toldAt, isInTime };
    }
  }

  #noteLost(ask: Ask, { code }: Reply, at: number): void {
    if (code !== 'hold_lost' || ask.do === 'hold') return;
    const hold = this.holds.get(ask.holdId);
    if (hold === undefined || hold.lost !== null) return;
    const stood = at < hold.deadlineMs && hold.releaseSentAt === null;
    const loss = this.lossOf(hold, at);
    if (stood && loss !== undefined) hold.lost = { at, loss };
  }

  #count(deed: Deed, outcome: string): void {
    const key = `${deed} ${outcome}`;
    this.counts.set(key, this.count(key) + 1);
  }
}

function into(map: Map<string, Set<string>>, key: string, value: string): void {
  const values = map.get(key);
  if (values === undefined) map.set(key, new Set([value]));
  else values.add(value);
}
