/** What arrives and is believed: recorded first, then made something of, and counted by what that is. */

import type { CountedEvent, CountedOutcome } from '@flash-sale/shared/contracts/webhook.ts';
import type { Services } from '../services.ts';
import { outcomeOf, type Processed } from './decide.ts';
import { recordDelivery, type Arrival } from './deliveries.ts';
import { processArrival } from './payments.ts';

export type Received =
  | Processed
  /** Recorded; a worker makes something of it. */
  | { kind: 'failed'; error: unknown };

/** @throws StoreUnavailable: it may not be recorded, so it must be sent again */
export async function receive(services: Services, arrival: Arrival): Promise<Received> {
  const { event } = arrival.facts;
  const count = (outcome: CountedOutcome) => services.metrics.webhookDeliveries.inc({ event, outcome });
  try {
    const deliveryId = await recordDelivery(services, arrival);
    services.reach('delivery.recorded');
    const made = await processRecorded(services, deliveryId);
    count(made.kind === 'failed' ? 'failed' : outcomeOf(made));
    return made;
  } catch (error) {
    count('failed');
    throw error;
  }
}

async function processRecorded(services: Services, deliveryId: number): Promise<Received> {
  try {
    return await processArrival(services, deliveryId);
  } catch (error) {
    return { kind: 'failed', error };
  }
}

/** What is not signed as it should be is not recorded. */
export function countRefused({ metrics }: Services, event: CountedEvent): void {
  metrics.webhookDeliveries.inc({ event, outcome: 'refused' });
}
