/** How a delivery was signed, and when. */

import type { DeliveryView } from '@flash-sale/shared/contracts/webhook.ts';
import { WEBHOOK_TOLERANCE_S } from '@flash-sale/shared/limits.ts';
import { fact } from '../look/facts.ts';
import { age, dateTime } from '../look/format.ts';
import { GLYPHS } from '../look/look.ts';
import { span, type Line, type Span } from '../look/span.ts';

interface Scheme {
  readonly name: string;
  readonly signedAtS: number | null;
}

/** Null: nothing was signed. */
function schemeOf({ headers }: Pick<DeliveryView, 'headers'>): Scheme | null {
  const stripe = headers['stripe-signature'];
  if (stripe !== undefined) {
    const versions = [...new Set(stripe.match(/\bv\d(?==)/g))].join(', ');
    return { name: `Stripe ${versions}`.trim(), signedAtS: secondsOf(/\bt=(\d+)/.exec(stripe)?.[1]) };
  }
  const standard = headers['webhook-signature'];
  if (standard === undefined) return null;
  const signatures = standard.split(' ').filter((signature) => signature.includes(','));
  const versions = [...new Set(signatures.map((signature) => signature.split(',')[0]))].join(', ');
  const many = signatures.length > 1 ? `, ${signatures.length} signatures` : '';
  return {
    name: `Standard Webhooks ${versions}${many}`,
    signedAtS: secondsOf(headers['webhook-timestamp']),
  };
}

function secondsOf(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,12}$/.test(text) ? Number(text) : null;
}

export function signatureLines(view: DeliveryView, width: number): Line[] {
  const scheme = schemeOf(view);
  return [
    ...fact('signature', checkWord(view, scheme), width),
    ...(scheme === null ? [] : fact('scheme', scheme.name, width)),
    ...(scheme === null || scheme.signedAtS === null ? [] : signedLines(view, scheme.signedAtS, width)),
  ];
}

function checkWord({ signature }: DeliveryView, scheme: Scheme | null): Span {
  if (signature === 'valid') return span(`${GLYPHS.ok} valid`, 'good');
  return span(scheme === null ? '! unsigned' : '! not checked: the API had no secret for it', 'warn');
}

/** Signed long before it came: sent again by somebody, or a clock that is wrong. */
function signedLines({ received_at: receivedAt }: DeliveryView, signedAtS: number, width: number): Line[] {
  const driftMs = Date.parse(receivedAt) - signedAtS * 1_000;
  const isFar = Math.abs(driftMs) > (WEBHOOK_TOLERANCE_S / 2) * 1_000;
  const side = driftMs < 0 ? 'after' : 'before';
  const drift = `${age(Math.abs(driftMs))} ${side} it came, of ${age(WEBHOOK_TOLERANCE_S * 1_000)} allowed`;
  return [
    ...fact('signed at', dateTime(signedAtS * 1_000), width),
    ...fact('drift', span(drift, isFar ? 'warn' : undefined), width),
  ];
}
