/** What the API tells of itself and of its stores. The doctor looks at it, and so does whoever launches a sale. */

import { CLOCK_SKEW_MAX_MS, OUTAGE_MIN_MS } from '@flash-sale/shared/limits.ts';
import type { Overview, SaleOverview } from '@flash-sale/shared/contracts/overview.ts';
import { ago, count, counted } from '../look/format.ts';
import { no, ok, warn, type Check } from './check.ts';

/** More than this is no drift any more: some clock is not set by anybody. */
const CLOCKS_APART_MS = CLOCK_SKEW_MAX_MS / 5;

export function storeChecks({ stores }: Overview): Check[] {
  const { redis, sql, faults, clock_skew_ms: skewMs } = stores;
  return [
    ...answering(redis, sql),
    ...(skewMs === null ? [unseen('stores')] : [durability(faults), clocks(skewMs)]),
  ];
}

const unseen = (name: string) => warn(name, 'could not be looked at', 'see to the stores that do not answer');

function durability(faults: readonly string[]): Check {
  if (faults.length === 0) return ok('stores', 'keep what they acknowledge');
  return no('stores', faults.join('; '), 'change this at the stores; sales are armed a moment later');
}

interface Answering {
  readonly answers: boolean;
  readonly milliseconds: number | null;
}

export function answering(redis: Answering, sql: Answering): Check[] {
  return [
    { ...redis, name: 'Redis', address: 'REDIS_URL, REDIS_CLUSTER_NODES or REDIS_SENTINELS' },
    { ...sql, name: 'SQL', address: 'DATABASE_URL' },
  ].map(({ name, address, answers, milliseconds }) =>
    answers
      ? ok(name, milliseconds === null ? 'answers' : `answers in ${milliseconds.toFixed(1)} ms`)
      : no(name, 'does not answer', `see that ${name} runs, and that the API reaches it: ${address}`),
  );
}

function clocks(skewMs: number): Check {
  const fix = 'let NTP set the clocks of the machines of Redis and SQL';
  const says = `${count(Math.abs(skewMs))} ms apart`;
  return Math.abs(skewMs) <= CLOCKS_APART_MS ? ok('clocks', says) : warn('clocks', says, fix);
}

export function serviceChecks({ preflight }: Overview): Check[] {
  const { workers_quiet_ms: quietMs, webhooks_are_signed: isSigned } = preflight;
  const start = 'start a process with WORKERS=inline, or api/worker.ts; its log says what stops it';
  return [
    quietMs === null
      ? no('workers', 'never ran: nothing expires', start)
      : quietMs < OUTAGE_MIN_MS
        ? ok('workers', `last worked ${ago(quietMs)}`)
        : no('workers', `last worked ${ago(quietMs)}`, start),
    isSigned
      ? ok('webhooks', 'signed with a secret')
      : warn(
          'webhooks',
          'no secret is set: anybody could report a payment',
          'set WEBHOOK_SECRET and STRIPE_WEBHOOK_SECRET where the API runs, as the payment provider has them',
        ),
  ];
}

/** What waits for somebody, and what must never be. */
export function salesChecks(overview: Overview): Check[] {
  const { sales, refunds_due: refunds, deliveries_waiting: deliveries } = overview;
  const drifting = sales.filter(({ audit }) => audit?.is_right === false);
  return [
    armed(sales),
    drifting.length === 0
      ? ok('units', 'add up')
      : no(
          'units',
          `do not add up in ${namesOf(drifting)}`,
          'halt the sale, keep the logs of the API, and look at its holds and orders',
        ),
    waiting('refunds', refunds, 'payment', 'owed back', 'flashsale orders list --state refund_due'),
    waiting('deliveries', deliveries, 'webhook', 'not applied yet', 'flashsale webhooks list --state parked'),
  ];
}

/** A draft or a sale that is over needs no Redis, and is not in the overview. */
function armed(sales: readonly SaleOverview[]): Check {
  const unarmed = sales.filter((sale) => !sale.armed && sale.state !== 'halted');
  if (unarmed.length === 0) return ok('sales', `${counted(sales.length, 'sale')} on or ahead, all armed`);
  const fix = 'see to the stores above; if they are right, the log of the API says why';
  const says = `Redis does not serve ${namesOf(unarmed)}`;
  return unarmed.some(({ state }) => state === 'live') ? no('sales', says, fix) : warn('sales', says, fix);
}

function namesOf(sales: readonly SaleOverview[]): string {
  return sales.map(({ sale_id: id, name }) => `sale ${id} (${name})`).join(', ');
}

function waiting(name: string, waits: number | null, noun: string, how: string, list: string): Check {
  if (waits === null) return unseen(name);
  if (waits === 0) return ok(name, 'none waits');
  return warn(name, `${counted(waits, noun)} ${how}`, list);
}
