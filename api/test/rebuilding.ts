/** A rebuild in two steps, as `sales/rebuild.ts` goes through it: up to where SQL is read, and from there on. */

import { REBUILD_CHUNK } from '@flash-sale/shared/limits.ts';
import {
  beginRebuild as begin,
  commitRebuild as commit,
  countBuyers,
  endDecided,
  keepHolds,
  type BuyerUnits,
  type RebuildSnapshot as Snapshot,
} from '../redis/sale-scripts.ts';
import type { Settlement } from '../redis/hold-scripts.ts';
import type { RedisClient } from '../redis/shards.ts';

/** What SQL says of the holds that were listed, and of everything else. */
export interface RebuildSnapshot extends Snapshot {
  readonly outcomes?: readonly Settlement[];
  readonly buyers: readonly BuyerUnits[];
}

export type SaleFacts = Partial<RebuildSnapshot>;

/** What SQL says of a live sale of ten units, unless told otherwise. */
export function snapshotOf(facts: SaleFacts & Pick<RebuildSnapshot, 'token' | 'epoch'>): RebuildSnapshot {
  return {
    baseSeq: 0,
    allotment: 10,
    committed: 0,
    state: 'live',
    opensAtMs: 0,
    closesAtMs: null,
    holdTtlMs: 60_000,
    buyerLimit: null,
    buyerRate: null,
    addressRate: null,
    lossRememberedMs: 0,
    outcomes: [],
    buyers: [],
    ...facts,
  };
}

export async function beginRebuild(
  redis: RedisClient,
  saleId: number,
  epochs: { epoch: number; lastArmedEpoch: number },
) {
  const begun = await begin(redis, saleId, epochs);
  if (begun.kind === 'superseded') return begun;
  const holdIds = new Set<string>();
  let cursor = '0';
  do {
    const kept = await keepHolds(redis, saleId, begun.token, cursor);
    if (kept.kind === 'superseded') return kept;
    for (const holdId of kept.holdIds) holdIds.add(holdId);
    cursor = kept.next;
  } while (cursor !== '0');
  return { ...begun, holdIds: [...holdIds] };
}

export async function commitRebuild(redis: RedisClient, saleId: number, snapshot: RebuildSnapshot) {
  const { token, outcomes = [], buyers } = snapshot;
  for (const some of chunks(outcomes)) {
    const ended = await endDecided(redis, saleId, token, some);
    if (ended.kind === 'superseded') return { kind: ended.kind };
  }
  for (const [piece, some] of chunks(buyers).entries()) {
    const counted = await countBuyers(redis, saleId, token, piece, some);
    if (counted.kind === 'superseded') return { kind: counted.kind };
  }
  return commit(redis, saleId, snapshot);
}

function chunks<Item>(items: readonly Item[]): Item[][] {
  return Array.from({ length: Math.ceil(items.length / REBUILD_CHUNK) }, (_, index) =>
    items.slice(index * REBUILD_CHUNK, (index + 1) * REBUILD_CHUNK),
  );
}
