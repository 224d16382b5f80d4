/**
 * Tells operators what SQL has written, after COMMIT. For display only: nobody waits for it and nothing depends on it.
 * A process that dies between COMMIT and this loses the event from the stream; the lists have it.
 */

import type { PublishedEvent } from '@flash-sale/shared/contracts/event.ts';
import { appendEvent, appendGeneral } from '../redis/event-scripts.ts';
import type { Services } from '../services.ts';

type WithoutSale<Event> = Event extends unknown ? Omit<Event, 'sale_id'> : never;

/** @param saleId null: it belongs to no sale */
export function publish(services: Services, saleId: number | null, event: WithoutSale<PublishedEvent>): void {
  append(services, saleId, JSON.stringify({ sale_id: saleId, ...event })).catch(() => {});
}

/** On the stream of its sale while Redis serves that; else on the one of what belongs to none. */
async function append({ redis }: Services, saleId: number | null, event: string): Promise<void> {
  if (saleId !== null && (await appendEvent(redis, saleId, event)).kind === 'appended') return;
  await appendGeneral(redis, 'event', event);
}

/**
 * Says that a sale has a stream, before it has one: readers would meet its first events late otherwise, and have to
 * call that a gap.
 */
export async function announceStream({ redis }: Services, saleId: number): Promise<void> {
  await appendGeneral(redis, 'sale', String(saleId)).catch(() => {});
}
