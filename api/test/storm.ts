/**
 * A storm of webhooks: many intents, each told one to five times by two providers, shuffled; some before their order,
 * some too late, some a second time for one order, some of a wrong amount; and a forger among them.
 */

import { createHmac, randomBytes } from 'node:crypto';
import { intentObject, stripeEvent, stripeSignature } from './stripe-events.ts';
import type { Chance } from './seeded.ts';

const KINDS = ['in time', 'early', 'late', 'second', 'wrong amount', 'forged'] as const;
export type Kind = (typeof KINDS)[number];

export interface Intent {
  readonly kind: Kind;
  readonly intentId: string;
  readonly holdId: string;
}

/** Of what is told; the forged ones are told by nobody else. */
const SHARES: Readonly<Record<Exclude<Kind, 'in time' | 'forged'>, number>> = {
  early: 0.05,
  late: 0.1,
  second: 0.02,
  'wrong amount': 0.02,
};
const FORGED_DELIVERIES = 0.05;

export function countsOf(size: number): Record<Kind, number> {
  const part = (share: number) => Math.round(size * share);
  const counts = {
    early: part(SHARES.early),
    late: part(SHARES.late),
    second: part(SHARES.second),
    'wrong amount': part(SHARES['wrong amount']),
    forged: part(0.01),
  };
  const { early, late, second } = counts;
  return { ...counts, 'in time': size - early - late - second - counts['wrong amount'] };
}

/** What a provider sends, once or several times. */
interface Message {
  readonly provider: 'native' | 'stripe';
  /** The provider's name of it. */
  readonly key: string;
  readonly body: string;
}

type Forgery = 'another body' | 'another secret' | 'too old' | 'no signature';
const FORGERIES: readonly Forgery[] = ['another body', 'another secret', 'too old', 'no signature'];

export interface Telling {
  readonly intent: Intent;
  readonly message: Message;
  readonly forgery: Forgery | null;
  /** 0 <= at < 1: when, in the course of the storm. */
  readonly at: number;
}

export interface Secrets {
  readonly native: string;
  readonly stripe: string;
}

export function newSecrets(): Secrets {
  return {
    native: `whsec_${randomBytes(32).toString('base64')}`,
    stripe: `whsec_${randomBytes(24).toString('hex')}`,
  };
}

/** 1 to 5 times, most of them once or twice. */
const TIMES = [1, 1, 1, 1, 2, 2, 2, 3, 4, 5];

export function tellingsOf(chance: Chance, intents: readonly Intent[]): Telling[] {
  const honest = intents
    .filter(({ kind }) => kind !== 'forged')
    .flatMap((intent) => {
      const messages: Message[] = [];
      return Array.from({ length: chance.pick(TIMES) }, (): Telling => {
        const isAgain = messages.length > 0 && chance.next() < 0.5;
        const message = isAgain ? chance.pick(messages) : newMessage(chance, intent, 'msg');
        messages.push(message);
        return { intent, message, forgery: null, at: chance.next() };
      });
    });
  const onlyForged = intents.filter(({ kind }) => kind === 'forged');
  const count = Math.max(onlyForged.length, Math.round(honest.length * FORGED_DELIVERIES));
  const forged = Array.from({ length: count }, (_, nth): Telling => {
    const intent = onlyForged[nth] ?? chance.pick(intents);
    const message = newMessage(chance, intent, 'forged');
    return { intent, message, forgery: chance.pick(FORGERIES), at: chance.next() };
  });
  return [...honest, ...forged];
}

/** One unit costs 19.99 EUR, and every order is of one. */
function newMessage(chance: Chance, { kind, intentId, holdId }: Intent, prefix: string): Message {
  const key = `${prefix}_${Math.floor(chance.next() * 2 ** 48).toString(36)}_${intentId}`;
  const cents = kind === 'wrong amount' ? 1_998 : 1_999;
  if (chance.next() < 0.2) {
    const metadata = kind === 'second' || chance.next() < 0.5 ? { hold_id: holdId } : {};
    const object = intentObject(intentId, { amount_received: cents, metadata });
    return { provider: 'stripe', key, body: stripeEvent('payment_intent.succeeded', object, key) };
  }
  const isAmountStated = kind === 'wrong amount' || chance.next() < 0.5;
  const amount = isAmountStated ? { amount: cents / 100, currency: 'EUR' } : {};
  const body = JSON.stringify({ hold_id: holdId, payment_intent_id: intentId, ...amount });
  return { provider: 'native', key, body };
}

export interface Sent {
  readonly path: string;
  readonly body: string;
  readonly headers: Record<string, string>;
}

/** Signed at the moment of sending, as providers do. */
export async function signed({ message, forgery }: Telling, secrets: Secrets): Promise<Sent> {
  const { provider, key, body } = message;
  const ageS = forgery === 'too old' ? 600 : 0;
  const isOther = forgery === 'another secret';
  const secret = (isOther ? newSecrets() : secrets)[provider];
  const headers =
    provider === 'stripe'
      ? { 'stripe-signature': await stripeSignature(body, secret, ageS) }
      : nativeSignature(key, body, secret, ageS);
  return {
    path: provider === 'stripe' ? '/api/webhook/stripe' : '/api/webhook/payment-success',
    body: forgery === 'another body' ? body.replaceAll('pi_storm', 'pi_forged') : body,
    headers: forgery === 'no signature' ? {} : headers,
  };
}

function nativeSignature(id: string, body: string, secret: string, ageS: number): Record<string, string> {
  const timestamp = String(Math.floor(Date.now() / 1_000) - ageS);
  const hmac = createHmac('sha256', Buffer.from(secret.slice('whsec_'.length), 'base64'));
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': `v1,${hmac.update(`${id}.${timestamp}.${body}`).digest('base64')}`,
  };
}
