import { Elysia } from 'elysia';
import {
  HoldView,
  PlacedHold,
  PlaceHold,
  ReleasedHold,
  type HoldView as HoldViewBody,
} from '@flash-sale/shared/contracts/hold.ts';
import { RATE_WINDOW_MS } from '@flash-sale/shared/limits.ts';
import { majorFromMinor, secondsUntil } from '@flash-sale/shared/units.ts';
import { addressOf, type PeerSource } from '../http/address.ts';
import { asJson } from '../http/body.ts';
import { documented } from '../http/documented.ts';
import { failEndedHold, failInvalid } from '../http/failures.ts';
import { checkKey } from '../http/idempotency-key.ts';
import { fail, succeed, type ReplySet } from '../http/reply.ts';
import type { HoldReply, Rates } from '../redis/placement-scripts.ts';
import type { Services } from '../services.ts';
import { placeHold, readHold, releaseHold, type HoldPlaced, type HoldSeen } from './holds.ts';

/** @param peers asked from where a request comes; by us, because Elysia makes a server of its own for each that asks it */
export function holdRoutes(services: Services, peers: () => PeerSource | null) {
  return new Elysia()
    .post(
      '/api/holds',
      async ({ body, request, set }) => {
        const reply = await placeHold(services, {
          productId: body.product_id,
          quantity: body.quantity,
          ttlMs: body.ttl === undefined ? null : body.ttl * 1_000,
          buyerId: body.buyer_id ?? null,
          idempotencyKey: checkKey(request.headers.get('Idempotency-Key'), 'Idempotency-Key'),
          address: () => addressOf(request, peers(), services.config.TRUSTED_PROXIES),
        });
        if ('rates' in reply && reply.rates) tellRates(set, reply, reply.rates);
        return reply.kind === 'held' || reply.kind === 'replayed' ? placed(set, reply) : refused(set, reply);
      },
      { ...asJson, body: PlaceHold, ...PLACE },
    )
    .get(
      '/api/holds/:id',
      async ({ params, set }) => {
        const holdId = params.id.toLowerCase();
        const seen = await readHold(services, holdId);
        return seen.kind === 'hold'
          ? succeed(set, 200, `The hold is ${seen.state}.`, viewOf(holdId, seen))
          : failEndedHold(set, seen.kind);
      },
      READ,
    )
    .delete(
      '/api/holds/:id',
      async ({ params, set }) => {
        const holdId = params.id.toLowerCase();
        const { kind } = await releaseHold(services, holdId);
        switch (kind) {
          case 'released':
          case 'expired':
            return succeed(set, 200, `The hold is ${kind}.`, { hold_id: holdId, state: kind });
          case 'hold_ordered':
          case 'hold_lost':
          case 'hold_not_found':
            return failEndedHold(set, kind);
        }
      },
      RELEASE,
    );
}

/** Wherever Redis has answered, and somebody is limited. */
const RATES = ['RateLimit-Policy', 'RateLimit'] as const;

const PLACE = documented({
  summary: 'Hold units for a buyer',
  tag: 'Holds',
  takesBody: true,
  success: { 201: PlacedHold, 200: PlacedHold },
  sends: {
    201: ['Location', ...RATES],
    200: ['Location', 'Idempotency-Replayed', ...RATES],
    400: RATES,
    409: RATES,
    422: RATES,
    429: RATES,
  },
  failures: [
    'bad_request',
    'product_not_found',
    'insufficient_stock',
    'buyer_limit_reached',
    'sale_not_open',
    'sale_paused',
    'sale_ended',
    'idempotency_key_reused',
    'too_many_requests',
    'unavailable',
  ],
  headers: { 'Idempotency-Key': 'The same key with the same request gives the same hold.' },
});

const READ = documented({
  summary: 'Read a hold',
  tag: 'Holds',
  success: { 200: HoldView },
  failures: ['hold_not_found', 'hold_lost', 'unavailable'],
});

const RELEASE = documented({
  summary: 'Release a hold: its units return to stock at once',
  tag: 'Holds',
  success: { 200: ReleasedHold },
  failures: ['hold_not_found', 'hold_ordered', 'hold_lost', 'unavailable'],
});

function viewOf(holdId: string, seen: Extract<HoldSeen, { kind: 'hold' }>): HoldViewBody {
  const { state, quantity, msLeft, order } = seen;
  const view = {
    hold_id: holdId,
    state,
    quantity,
    expires_in_seconds: Math.max(0, Math.ceil(msLeft / 1_000)),
  };
  if (order === null) return view;
  return {
    ...view,
    order: {
      order_id: order.id,
      status: order.state,
      amount: majorFromMinor(order.amountMinor, order.currency),
      currency: order.currency,
      pay_by: order.payBy.toISOString(),
    },
  };
}

function placed(set: ReplySet, reply: Extract<HoldReply, { kind: 'held' | 'replayed' }>) {
  const { holdId, deadlineMs, nowMs } = reply;
  const isReplay = reply.kind === 'replayed';
  if (isReplay) set.headers['idempotency-replayed'] = 'true';
  set.headers['location'] = `/api/holds/${holdId}`;
  return succeed(set, isReplay ? 200 : 201, isReplay ? 'This hold was made before.' : 'The units are held.', {
    hold_id: holdId,
    expires_in_seconds: secondsUntil(deadlineMs, nowMs),
    expires_at: new Date(deadlineMs).toISOString(),
  });
}

function refused(set: ReplySet, reply: Exclude<HoldPlaced, { kind: 'held' | 'replayed' }>) {
  switch (reply.kind) {
    case 'product_not_found':
      return fail(set, 'product_not_found', 'There is no such product.');
    case 'too_many_requests':
      return fail(set, 'too_many_requests', `This ${reply.whose} asks too often. Please wait a moment.`, {
        retryAfterS: reply.waitMs / 1_000,
      });
    case 'no_sale':
      return fail(set, 'sale_not_open', 'This product has no sale.');
    case 'insufficient_stock': {
      const { available, earliestDeadlineMs, nowMs } = reply;
      return fail(
        set,
        'insufficient_stock',
        available === 0 ? 'Sold out for now.' : `Only ${available} available.`,
        {
          available_stock: available,
          retry_in_seconds: earliestDeadlineMs === null ? null : secondsUntil(earliestDeadlineMs, nowMs),
        },
      );
    }
    case 'buyer_limit_reached':
      return fail(
        set,
        'buyer_limit_reached',
        `This sale allows ${reply.limit} units per buyer; this buyer has ${reply.units}.`,
      );
    case 'buyer_needed':
      return failInvalid(set, { buyer_id: ['is required, because this sale limits units per buyer'] });
    case 'not_open': {
      const retryAfterS = secondsUntil(reply.opensAtMs, reply.nowMs);
      return fail(set, 'sale_not_open', `The sale opens at ${new Date(reply.opensAtMs).toISOString()}.`, {
        retryAfterS,
      });
    }
    case 'paused':
      return fail(set, 'sale_paused', 'The sale is paused.');
    case 'ended':
      return fail(set, 'sale_ended', 'The sale has ended.');
    case 'key_reused':
      return fail(set, 'idempotency_key_reused', 'This Idempotency-Key was used for another request.');
  }
}

/** https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/ */
function tellRates(set: ReplySet, reply: HoldPlaced, { buyer, address, resetMs }: Rates): void {
  const seconds = (ms: number) => Math.ceil(ms / 1_000);
  const reset = seconds(reply.kind === 'too_many_requests' ? reply.waitMs : resetMs);
  const quotas = Object.entries({ buyer, address }).flatMap(([name, quota]) =>
    quota ? { name, ...quota } : [],
  );
  const window = seconds(RATE_WINDOW_MS);
  set.headers['ratelimit-policy'] = quotas
    .map(({ name, limit }) => `"${name}";q=${limit};w=${window}`)
    .join(', ');
  set.headers['ratelimit'] = quotas.map(({ name, left }) => `"${name}";r=${left};t=${reset}`).join(', ');
}
