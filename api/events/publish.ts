/**
 * Tells operators what SQL has written, after COMMIT. For display only: nobody waits for it and nothing depends on it.
 * A process that dies between COMMIT and this loses the event from the stream; the lists have it.
 */

import type { PublishedEvent } from '@flash-sale/shared/contracts/event.ts';
import { EVENT_BATCH_MAX } from '@flash-sale/shared/limits.ts';
import { Batcher } from '../batch.ts';
import { perProcess } from '../per-process.ts';
import { appendEvents, appendGeneral } from '../redis/event-scripts.ts';
import { NO_SALE } from '../redis/keys.ts';
import type { RedisClient } from '../redis/shards.ts';
import type { Services } from '../services.ts';

type WithoutSale<Event> = Event extends unknown ? Omit<Event, 'sale_id'> : never;

/** @param saleId null: it belongs to no sale */
export function publish(services: Services, saleId: number | null, event: WithoutSale<PublishedEvent>): void {
  appenderOf(services)
    .call(saleId ?? NO_SALE, JSON.stringify({ sale_id: saleId, ...event }))
    .catch(() => {});
}

const appenderOf = perProcess(
  ({ redis }) =>
    new Batcher<string, void>(EVENT_BATCH_MAX, async (saleId, events) => {
      await append(redis, saleId, events);
      return [];
    }),
);

/** On the stream of its sale while Redis serves that; else on the one of what belongs to none. */
async function append(redis: RedisClient, saleId: number, events: readonly string[]): Promise<void> {
  if (saleId !== NO_SALE && (await appendEvents(redis, saleId, events)).kind === 'appended') return;
  await Promise.all(events.map((event) => appendGeneral(redis, 'event', event)));
}

/**
 * Says that a sale has a stream, before it has one: readers would meet its first events late otherwise, and have to
 * call that a gap.
 */
export async function announceStream({ redis }: Services, saleId: number): Promise<void> {
  await appendGeneral(redis, 'sale', String(saleId)).catch(() => {});
}
