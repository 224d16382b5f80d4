/**
 * Tells Redis of a change that SQL has written down. The change stands whatever comes of this: its transaction raised
 * the epoch, so that a worker tells Redis when we cannot.
 */

import type { Services } from '../services.ts';
import { StoreUnavailable } from '../store-unavailable.ts';
import { armSale, inTime } from './arming.ts';
import { rebuildSale } from './rebuild.ts';

export type Told =
  | { kind: 'told' }
  /** A store does not answer. */
  | { kind: 'later' }
  /** The stores are not safe enough to sell from. */
  | { kind: 'refused'; reasons: string[] };

export async function tellRedis(services: Services, saleId: number): Promise<Told> {
  const told = await attempt(services, saleId, async () => {
    // A large sale takes longer than an operator's connection lives.
    const rebuilt = await inTime(rebuildSale(services, saleId));
    return rebuilt.kind === 'refused' ? rebuilt : { kind: 'told' };
  });
  await attempt(services, saleId, async () => {
    await services.catalog.refresh();
    return { kind: 'told' };
  });
  return told;
}

/** As above, for a change that may have been told before. */
export function tellRedisIfNeeded(services: Services, saleId: number): Promise<Told> {
  return attempt(services, saleId, async () => {
    await armSale(services, saleId);
    return { kind: 'told' };
  });
}

async function attempt(services: Services, saleId: number, work: () => Promise<Told>): Promise<Told> {
  try {
    return await work();
  } catch (error) {
    // Nothing may make a change that is committed look like one that failed, a fault of ours neither.
    if (!(error instanceof StoreUnavailable)) {
      services.log.error('a sale could not be told of after its change', { saleId, error });
    }
    return { kind: 'later' };
  }
}

/** The end of a sentence about a change. */
export function inWords(told: Told): string {
  switch (told.kind) {
    case 'told':
      return '';
    case 'later':
      return '; Redis could not be told and will be as soon as it answers';
    case 'refused':
      return `, but it sells nothing: ${told.reasons.join('; ')}`;
  }
}
