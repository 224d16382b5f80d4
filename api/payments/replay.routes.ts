import { Elysia, t } from 'elysia';
import {
  OrderReplay,
  ReplayItemView,
  ReplayTerms,
  ReplayView,
} from '@flash-sale/shared/contracts/webhook.ts';
import { REPLAY_DELIVERIES_MAX } from '@flash-sale/shared/limits.ts';
import { asJson, asJsonOrNothing } from '../http/body.ts';
import { documented } from '../http/documented.ts';
import { failMissing, invalidRequest } from '../http/failures.ts';
import { once } from '../http/once.ts';
import { isId, PAGE_QUERY, pageOf, pageSchema, readPage } from '../http/page.ts';
import { idOf } from '../http/path-id.ts';
import { fail, succeed, type ReplySet } from '../http/reply.ts';
import type { Services } from '../services.ts';
import {
  listReplayItems,
  listReplays,
  orderReplay,
  readReplay,
  stopReplay,
  type ReplayChoice,
  type ReplayItem,
  type ReplayOrdered,
} from './replay.ts';
import { itemView, viewOf } from './replay-view.ts';

export function replayRoutes(services: Services) {
  return new Elysia().use(changing(services)).use(reading(services));
}

function changing(services: Services) {
  return new Elysia()
    .post(
      '/ops/webhooks/:id/replay',
      (context) =>
        once(services, context, async (act) => {
          const { params, body, set } = context;
          const choice = { ids: [idOf(params.id)] };
          return answer(set, await orderReplay(services, choice, termsOf(body), act));
        }),
      { ...asJsonOrNothing, body: ReplayTerms, ...REPLAY_ONE },
    )
    .post(
      '/ops/webhooks/replay',
      (context) =>
        once(services, context, async (act) => {
          const { body, set } = context;
          return answer(set, await orderReplay(services, choiceOf(body), termsOf(body), act));
        }),
      { ...asJson, body: OrderReplay, ...REPLAY_MANY },
    )
    .post(
      '/ops/webhooks/replays/:id/stop',
      (context) =>
        once(services, context, async (act) => {
          const { params, set } = context;
          const stopped = await stopReplay(services, idOf(params.id), act);
          if (stopped.kind === 'replay_not_found') return failMissing(set, 'replay', params.id);
          if (stopped.kind === 'impossible') {
            const { state } = stopped;
            return fail(set, 'impossible_now', `The replay is ${state}.`, { state, possible: [] });
          }
          return succeed(set, 200, 'The replay is stopped.', viewOf(stopped.replay));
        }),
      STOP,
    );
}

function reading(services: Services) {
  return new Elysia()
    .get(
      '/ops/webhooks/replays',
      async ({ query, set }) => {
        const { after, limit } = readPage(query, isId);
        const rows = await listReplays(services, { before: after, limit });
        return succeed(
          set,
          200,
          'Replays, newest first.',
          pageOf(rows, limit, ({ id }) => id, viewOf),
        );
      },
      { query: t.Object(PAGE_QUERY), ...LIST },
    )
    .get(
      '/ops/webhooks/replays/:id',
      async ({ params, set }) => {
        const replay = await readReplay(services, idOf(params.id));
        if (replay === null) return failMissing(set, 'replay', params.id);
        return succeed(set, 200, `The replay is ${replay.state}.`, viewOf(replay));
      },
      READ,
    )
    .get(
      '/ops/webhooks/replays/:id/items',
      async ({ params, query, set }) => {
        const page = readPage(query, isId);
        const found = await listReplayItems(services, idOf(params.id), page);
        if (found === null) return failMissing(set, 'replay', params.id);
        const { replay, items } = found;
        const cursorOf = ({ deliveryId }: ReplayItem) => deliveryId;
        const rows = pageOf(items, page.limit, cursorOf, (item) => itemView(replay, item));
        return succeed(set, 200, 'What the replay made of each delivery.', rows);
      },
      { query: t.Object(PAGE_QUERY), ...ITEMS },
    );
}

function choiceOf({ ids, filter }: OrderReplay): ReplayChoice {
  if (ids !== undefined && filter === undefined) return { ids };
  if (filter !== undefined && ids === undefined) return { filter };
  throw invalidRequest({ ids: ['must be given, or a filter, and not both'] });
}

function termsOf({ dry_run: isDryRun, per_second: perSecond }: ReplayTerms = {}) {
  return {
    ...(isDryRun === undefined ? {} : { isDryRun }),
    ...(perSecond === undefined ? {} : { perSecond }),
  };
}

function answer(set: ReplySet, ordered: ReplayOrdered) {
  switch (ordered.kind) {
    case 'ordered': {
      const { replay } = ordered;
      set.headers['location'] = `/ops/webhooks/replays/${replay.id}`;
      const many = replay.total === 1 ? '1 delivery' : `${replay.total} deliveries`;
      const will = replay.dryRun === 1 ? 'will be looked at' : 'will be processed again';
      return succeed(set, 201, `${many} ${will}.`, viewOf(replay));
    }
    case 'delivery_not_found': {
      const [id, ...more] = ordered.ids;
      const others = more.length === 0 ? '' : `, nor ${more.length} more of those asked for`;
      return fail(set, 'delivery_not_found', `There is no delivery ${id}${others}.`);
    }
    case 'too_many':
      return fail(
        set,
        'impossible_now',
        `More than ${REPLAY_DELIVERIES_MAX} deliveries match; replay them in parts.`,
      );
  }
}

const tag = 'Webhooks';

const REPLAY_ONE = documented({
  summary: 'Process a delivery again',
  tag,
  takesBody: true,
  success: { 201: ReplayView },
  sends: { 201: ['Location'] },
  failures: ['bad_request', 'delivery_not_found', 'unavailable'],
  isForOperators: true,
  isChange: true,
});

const REPLAY_MANY = documented({
  summary: 'Process deliveries again: these, or all that match a filter',
  tag,
  takesBody: true,
  success: { 201: ReplayView },
  sends: { 201: ['Location'] },
  failures: ['bad_request', 'delivery_not_found', 'impossible_now', 'unavailable'],
  isForOperators: true,
  isChange: true,
});

const LIST = documented({
  summary: 'Replays and how far they are',
  tag,
  success: { 200: pageSchema(ReplayView) },
  failures: ['bad_request', 'unavailable'],
  isForOperators: true,
});

const READ = documented({
  summary: 'How far a replay is',
  tag,
  success: { 200: ReplayView },
  failures: ['replay_not_found', 'unavailable'],
  isForOperators: true,
});

const ITEMS = documented({
  summary: 'What a replay made of each delivery, oldest first',
  tag,
  success: { 200: pageSchema(ReplayItemView) },
  failures: ['bad_request', 'replay_not_found', 'unavailable'],
  isForOperators: true,
});

const STOP = documented({
  summary: 'Stop a replay; what it did stays done',
  tag,
  success: { 200: ReplayView },
  failures: ['replay_not_found', 'impossible_now', 'unavailable'],
  isForOperators: true,
  isChange: true,
});
