import { Elysia, t } from 'elysia';
import { ReleasedHold } from '@flash-sale/shared/contracts/hold.ts';
import {
  ExtendedHold,
  ExtendHold,
  HoldPage,
  LISTED_HOLD_STATES,
  type ListedHold as ListedHoldBody,
} from '@flash-sale/shared/contracts/operator-hold.ts';
import { BUYER_ID_LENGTH_MAX } from '@flash-sale/shared/limits.ts';
import { secondsUntil } from '@flash-sale/shared/units.ts';
import { asJson } from '../http/body.ts';
import { documented } from '../http/documented.ts';
import { failEndedHold, failMissing, invalidRequest } from '../http/failures.ts';
import { once } from '../http/once.ts';
import { encodeCursor, PAGE_QUERY, readPage } from '../http/page.ts';
import { idOf } from '../http/path-id.ts';
import { filter, readWord } from '../http/query.ts';
import { succeed } from '../http/reply.ts';
import { HOLD_LISTS } from '../redis/operator-scripts.ts';
import type { Services } from '../services.ts';
import {
  extendHold,
  listHolds,
  listsOf,
  releaseByOperator,
  type HoldCursor,
  type HoldsFound,
} from './operator-holds.ts';

export function operatorHoldRoutes(services: Services) {
  return new Elysia()
    .get(
      '/ops/sales/:id/holds',
      async ({ params, query, set }) => {
        const { after, limit } = readPage(query, isCursor);
        const state = readWord('state', query.state, LISTED_HOLD_STATES);
        if (after !== null && !listsOf(state).includes(after.list)) {
          throw invalidRequest({ cursor: ['is of a list of holds in another state'] });
        }
        const asked = { state, buyerId: query.buyer ?? null, after, limit };
        const found = await listHolds(services, idOf(params.id), asked);
        if (found.kind === 'sale_not_found') return failMissing(set, 'sale', params.id);
        return succeed(set, 200, 'Holds, the next to expire first.', pageViewOf(found));
      },
      { query: t.Object({ ...PAGE_QUERY, ...FILTERS }), ...LIST },
    )
    .post(
      '/ops/holds/:id/release',
      (context) =>
        once(services, context, async (act) => {
          const holdId = context.params.id.toLowerCase();
          const { kind } = await releaseByOperator(services, holdId, act);
          if (kind !== 'released' && kind !== 'expired') return failEndedHold(context.set, kind);
          return succeed(context.set, 200, `The hold is ${kind}.`, { hold_id: holdId, state: kind });
        }),
      RELEASE,
    )
    .post(
      '/ops/holds/:id/extend',
      (context) =>
        once(services, context, async (act) => {
          const { params, body, set } = context;
          const holdId = params.id.toLowerCase();
          const extended = await extendHold(services, holdId, body.seconds, act);
          if (extended.kind !== 'extended') return failEndedHold(set, extended.kind);
          const { deadlineMs, nowMs } = extended;
          const left = secondsUntil(deadlineMs, nowMs);
          return succeed(set, 200, `The hold has ${left} s now.`, {
            hold_id: holdId,
            expires_in_seconds: left,
            expires_at: new Date(deadlineMs).toISOString(),
          });
        }),
      { ...asJson, body: ExtendHold, ...EXTEND },
    );
}

const FILTERS = {
  state: filter(
    `One of ${LISTED_HOLD_STATES.join(', ')}; living ones when absent: held, then pinned.`,
    'held',
  ),
  buyer: filter('Holds of this buyer only.', 'buyer-7', BUYER_ID_LENGTH_MAX),
};

const LIST = documented({
  summary: "A sale's holds, live: held ones by deadline, pinned ones by lease, ended ones newest first",
  tag: 'Holds',
  success: { 200: HoldPage },
  failures: ['bad_request', 'sale_not_found', 'unavailable'],
  isForOperators: true,
});

const RELEASE = documented({
  summary: 'Release a hold: its units return to stock at once',
  tag: 'Holds',
  success: { 200: ReleasedHold },
  failures: ['hold_not_found', 'hold_ordered', 'hold_lost', 'unavailable'],
  isForOperators: true,
  isChange: true,
});

const EXTEND = documented({
  summary: 'Give the buyer of a hold more time',
  tag: 'Holds',
  takesBody: true,
  success: { 200: ExtendedHold },
  failures: [
    'bad_request',
    'hold_not_found',
    'hold_ordered',
    'hold_released',
    'hold_expired',
    'hold_lost',
    'unavailable',
  ],
  isForOperators: true,
  isChange: true,
});

function isCursor(value: unknown): value is HoldCursor {
  if (typeof value !== 'object' || value === null) return false;
  const { list, score, holdId } = value as Record<string, unknown>;
  const isPlace = Number.isSafeInteger(score) && typeof holdId === 'string' && holdId.length <= 36;
  return isPlace && HOLD_LISTS.some((known) => known === list);
}

type Found = Extract<HoldsFound, { kind: 'holds' }>;

function pageViewOf({ nowMs, holds, next }: Found) {
  const next_cursor = next === null ? null : encodeCursor(next);
  return { now: new Date(nowMs).toISOString(), items: holds.map(viewOf), next_cursor };
}

function viewOf(hold: Found['holds'][number]): ListedHoldBody {
  const { holdId, state, quantity, deadlineMs, listedAtMs, buyerId, list } = hold;
  return {
    hold_id: holdId,
    state,
    quantity,
    buyer_id: buyerId,
    expires_at: new Date(deadlineMs).toISOString(),
    ended_at: list === 'ended' ? new Date(listedAtMs).toISOString() : null,
  };
}
