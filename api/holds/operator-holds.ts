/** Holds as operators see and change them. */

import type { ListedHoldState } from '@flash-sale/shared/contracts/operator-hold.ts';
import { HOLD_LOOKS_MAX } from '@flash-sale/shared/limits.ts';
import { transaction } from '../mysql/transaction.ts';
import { record, type Act } from '../operators/audit-log.ts';
import { findSale } from '../products/catalog.ts';
import {
  extendHold as extendHoldRecord,
  listHolds as listHoldRecords,
  type HoldList,
  type HoldPlace,
  type ListedHold,
} from '../redis/operator-scripts.ts';
import { onArmedSale } from '../sales/arming.ts';
import type { Services } from '../services.ts';
import { saleIdOf } from './hold-id.ts';
import { releaseHold, type HoldReleased } from './holds.ts';
import { readOutcome } from './outcome.ts';

export interface HoldCursor extends HoldPlace {
  readonly list: HoldList;
}

export interface HoldQuery {
  /** null: living holds. */
  readonly state: ListedHoldState | null;
  readonly buyerId: string | null;
  readonly after: HoldCursor | null;
  readonly limit: number;
}

export type HoldsFound =
  | { kind: 'holds'; nowMs: number; holds: (ListedHold & { list: HoldList })[]; next: HoldCursor | null }
  | { kind: 'sale_not_found' };

/** The lists that have holds of this state, in the order in which they are read. */
export function listsOf(state: ListedHoldState | null): readonly HoldList[] {
  switch (state) {
    case null:
      return ['held', 'pinned'];
    case 'held':
    case 'pinned':
      return [state];
    case 'ordered':
    case 'released':
    case 'expired':
    case 'lost':
      return ['ended'];
  }
}

/** A page of a sale's holds as Redis has them now. @throws StoreUnavailable */
export async function listHolds(services: Services, saleId: number, query: HoldQuery): Promise<HoldsFound> {
  const lists = listsOf(query.state);
  const holds: (ListedHold & { list: HoldList })[] = [];
  let nowMs = Date.now();
  let place: HoldCursor | null = query.after;
  let list: HoldList | undefined = place?.list ?? lists[0];
  for (let looks = 0; list !== undefined && looks < HOLD_LOOKS_MAX; looks += 1) {
    // Among living holds none that is over, though nobody may have ended it yet.
    const state = query.state ?? (list === 'ended' ? null : list);
    const asked = { list, after: place, limit: query.limit - holds.length, state, buyerId: query.buyerId };
    const page = await onArmedSale(services, saleId, () => listHoldRecords(services.redis, saleId, asked));
    if (page.kind === 'not_served') return notServed(services, saleId, nowMs);
    nowMs = page.nowMs;
    for (const hold of page.holds) holds.push({ ...hold, list });
    place = page.next === null ? null : { list, ...page.next };
    // The next list begins where this one ends; on another page when this one is full.
    if (place === null) list = lists[lists.indexOf(list) + 1];
    if (holds.length === query.limit) break;
  }
  const next = place ?? (list === undefined ? null : { list, score: 0, holdId: '' });
  return { kind: 'holds', nowMs, holds, next };
}

/** A draft has no holds yet, and those of a sale that ended long ago are forgotten. */
async function notServed({ mysql }: Services, saleId: number, nowMs: number): Promise<HoldsFound> {
  const sale = await findSale(mysql, saleId);
  return sale === undefined ? { kind: 'sale_not_found' } : { kind: 'holds', nowMs, holds: [], next: null };
}

/**
 * Like a buyer's release. Redis decides, so the audit log hears of it afterwards, in a transaction of its own: a
 * process that dies in between has released a hold that the log does not know of, until the request is sent again.
 */
export async function releaseByOperator(services: Services, holdId: string, act: Act): Promise<HoldReleased> {
  const released = await releaseHold(services, holdId);
  if (released.kind !== 'released') return released;
  services.reach('hold.changed');
  const change = { action: 'hold.release', target: `hold ${holdId}`, after: { state: 'released' } };
  await transaction(services.mysql, (sql) => record(sql, act, change));
  return released;
}

export type HoldExtended =
  | { kind: 'extended'; deadlineMs: number; nowMs: number }
  | { kind: 'hold_not_found' | 'hold_lost' | 'hold_ordered' | 'hold_released' | 'hold_expired' };

/**
 * More time for a buyer. Recorded afterwards, as above; whoever dies in between and is asked again extends twice, but
 * never beyond the longest hold from then on.
 */
export async function extendHold(
  services: Services,
  holdId: string,
  seconds: number,
  act: Act,
): Promise<HoldExtended> {
  const saleId = saleIdOf(holdId);
  if (saleId === null) return { kind: 'hold_not_found' };
  const reply = await onArmedSale(services, saleId, () =>
    extendHoldRecord(services.redis, saleId, holdId, seconds * 1_000),
  );
  switch (reply.kind) {
    case 'extended': {
      const { wasMs, deadlineMs, nowMs } = reply;
      services.reach('hold.changed');
      const [before, after] = [wasMs, deadlineMs].map((ms) => ({ expiresAt: new Date(ms) }));
      const change = { action: 'hold.extend', target: `hold ${holdId}`, before, after };
      await transaction(services.mysql, (sql) => record(sql, act, change));
      return { kind: 'extended', deadlineMs, nowMs };
    }
    case 'pinned':
    case 'ordered':
      return { kind: 'hold_ordered' };
    case 'released':
    case 'expired':
      return { kind: `hold_${reply.kind}` };
    case 'lost':
    case 'unknown':
    case 'not_served': {
      const written = await readOutcome(services, holdId);
      if (written !== null) return { kind: EXTENSION_OF_OUTCOME[written.outcome] };
      return { kind: reply.kind === 'lost' ? 'hold_lost' : 'hold_not_found' };
    }
  }
}

const EXTENSION_OF_OUTCOME = {
  ordered: 'hold_ordered',
  released: 'hold_released',
  expired: 'hold_expired',
  lost: 'hold_lost',
  withdrawn: 'hold_not_found',
} as const;
