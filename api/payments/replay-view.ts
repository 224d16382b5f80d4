/** A replay and what it made of each delivery, as operators see them. */

import type {
  DeliveryOutcome,
  ReplayItemView as ReplayItemViewBody,
  ReplayView as ReplayViewBody,
} from '@flash-sale/shared/contracts/webhook.ts';
import type { Replay, ReplayItem, ReplayProgress } from './replay.ts';

export function viewOf(replay: ReplayProgress): ReplayViewBody {
  return {
    id: replay.id,
    state: replay.state,
    actor: replay.actor,
    dry_run: replay.dryRun === 1,
    per_second: replay.perSecond,
    asked: JSON.parse(replay.filter) as ReplayViewBody['asked'],
    total: replay.total,
    done: replay.done,
    changed: replay.changed,
    failed: replay.failed,
    rate: replay.rate,
    created_at: replay.createdAt.toISOString(),
    finished_at: replay.finishedAt?.toISOString() ?? null,
  };
}

export function itemView(replay: Replay, item: ReplayItem): ReplayItemViewBody {
  return {
    delivery_id: item.deliveryId,
    state: item.doneAt === null ? 'waiting' : item.fault === null ? 'done' : 'failed',
    outcome: item.outcome as DeliveryOutcome | 'late' | null,
    changed: item.changed === null ? null : item.changed === 1,
    fault: item.fault,
    says: sentenceOf(replay, item),
    done_at: item.doneAt?.toISOString() ?? null,
  };
}

function sentenceOf({ state, dryRun }: Replay, { outcome, changed, fault, doneAt }: ReplayItem): string {
  if (doneAt === null) return state === 'running' ? 'It waits for its turn.' : 'It was not replayed.';
  if (fault !== null) return `It failed: ${fault}.`;
  if (changed === 0) {
    return `${dryRun === 1 ? 'Nothing would change' : 'Nothing changed'}: ${unchanged(outcome)}.`;
  }
  if (outcome === 'late') {
    return 'It would take its units again if they are free, else its money is owed back.';
  }
  return dryRun === 1 ? `It would be ${outcome}.` : `It is ${outcome} now.`;
}

/** What is not said here was done before. */
const UNCHANGED: Readonly<Record<string, string>> = {
  parked: 'it still waits for its order or its payment',
  recorded: 'it says nothing about an order',
  pending: 'its order is pending',
  paid: 'its order is paid',
  expired: 'its order is expired',
};

function unchanged(outcome: string | null): string {
  return UNCHANGED[outcome ?? ''] ?? `already ${outcome}`;
}
