/** Events as server-sent events: https://html.spec.whatwg.org/multipage/server-sent-events.html */

import type { AnyEvent } from '@flash-sale/shared/contracts/event.ts';
import { formatId, type Place } from './position.ts';

/** Consumers that do not say otherwise come back after this. */
const RETRY_MS = 500;

export function eventText(event: AnyEvent, place: Place): string {
  const { type, ...more } = event;
  const data = JSON.stringify({ type, at: new Date(place.position.ms).toISOString(), ...more });
  const retry = type === 'ready' ? `retry: ${RETRY_MS}\n` : '';
  return `${retry}id: ${formatId(place)}\nevent: ${type}\ndata: ${data}\n\n`;
}
