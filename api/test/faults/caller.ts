/** Calls an API as buyers and payment providers do, and writes down first what was sent and what came back. */

import { Webhook } from 'standardwebhooks';
import type { Ask, History, Reply } from './history.ts';
import type { ApiName } from './stack.ts';

/** Longer than any deadline of the API's own. */
const PATIENCE_MS = 8_000;

const FORGED = new Webhook(Buffer.from('a secret that nobody has told us'), { format: 'raw' });

export class Caller {
  readonly #history: History;
  readonly #urlOf: (api: ApiName) => string;
  readonly #webhook: Webhook;

  constructor(history: History, urlOf: (api: ApiName) => string, webhookSecret: string) {
    this.#history = history;
    this.#urlOf = urlOf;
    this.#webhook = new Webhook(webhookSecret);
  }

  /** @returns null when no answer came. */
  async call(ask: Ask, via: ApiName): Promise<Reply | null> {
    const { method, path, body, headers } = this.#requestOf(ask);
    const url = new URL(path, this.#urlOf(via));
    const n = this.#history.sent(via, ask);
    try {
      const response = await fetch(url, {
        method,
        headers: { ...(body === null ? {} : { 'content-type': 'application/json' }), ...headers },
        ...(body === null ? {} : { body }),
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      const told = replyOf(response, (await response.json()) as Body);
      this.#history.append({ at: Date.now(), n, told });
      return told;
    } catch (error) {
      const { name, code } = error as { name?: string; code?: string };
      this.#history.append({ at: Date.now(), n, silence: code ?? name ?? 'unknown' });
      return null;
    }
  }

  #requestOf(ask: Ask) {
    switch (ask.do) {
      case 'hold': {
        const { productId, quantity, buyerId, key } = ask;
        const buyer = buyerId === null ? {} : { buyer_id: buyerId };
        return {
          method: 'POST',
          path: '/api/holds',
          body: JSON.stringify({ product_id: productId, quantity, ...buyer }),
          headers: { 'idempotency-key': key },
        };
      }
      case 'release':
      case 'read':
        return {
          method: ask.do === 'read' ? 'GET' : 'DELETE',
          path: `/api/holds/${ask.holdId}`,
          body: null,
          headers: {},
        };
      case 'order':
        return {
          method: 'POST',
          path: '/api/orders',
          body: JSON.stringify({ hold_id: ask.holdId, payment_intent_id: ask.intentId }),
          headers: {},
        };
      case 'success':
      case 'failure':
        return this.#noticeOf(ask);
    }
  }

  #noticeOf(ask: Extract<Ask, { do: 'success' | 'failure' }>) {
    const { holdId, intentId, webhookId, amount, currency, isForged } = ask;
    const body = JSON.stringify({
      hold_id: holdId,
      payment_intent_id: intentId,
      ...(amount === null ? {} : { amount }),
      ...(currency === null ? {} : { currency }),
    });
    const now = new Date();
    return {
      method: 'POST',
      path: `/api/webhook/payment-${ask.do === 'success' ? 'success' : 'failed'}`,
      body,
      headers: {
        'webhook-id': webhookId,
        'webhook-timestamp': String(Math.floor(now.getTime() / 1_000)),
        'webhook-signature': (isForged ? FORGED : this.#webhook).sign(webhookId, now, body),
      },
    };
  }
}

interface Body {
  readonly status: string;
  readonly code?: string;
  readonly data?: Record<string, unknown>;
  readonly available_stock?: number;
}

function replyOf(response: Response, body: Body): Reply {
  const retryAfter = response.headers.get('retry-after');
  const { available_stock: left } = body;
  return {
    status: response.status,
    code: body.code ?? null,
    data: body.data ?? (left === undefined ? {} : { available_stock: left }),
    retryAfter: retryAfter === null ? null : Number(retryAfter),
  };
}
