/** What is looked at before a launch: everything that the API can tell. */

import { CLOCK_SKEW_MAX_MS, OUTAGE_MIN_MS } from '@flash-sale/shared/limits.ts';
import type { Overview } from '@flash-sale/shared/contracts/overview.ts';
import { ago, count, dateTime } from '../look/format.ts';
import { GLYPHS } from '../look/look.ts';
import { span, type Line } from '../look/span.ts';
import { safe } from '../look/text.ts';
import type { Frame } from '../state/frames.ts';
import { isFresh, isOverviewFresh, type State } from '../state/state.ts';
import { saleRows, stateOf, type SaleRow } from './sale-row.ts';

export interface Check {
  readonly name: string;
  /** `no`: it will hardly work. `warn`: it works, but know this. */
  readonly verdict: 'ok' | 'warn' | 'no';
  readonly says: string;
}

/** What is wrong comes first. */
export function preflight({ state, nowMs, localMs }: Frame, row: SaleRow): Check[] {
  const { overview } = state;
  const isLive = isFresh(state, localMs);
  const checks = [
    check('connection', isLive, 'no', isLive ? 'live' : 'down: what is shown here is old'),
    ...(overview === null || !isOverviewFresh(state, localMs)
      ? [check('stores', false, 'no', 'unknown: the overview could not be read')]
      : [...storeChecks(overview), ...peopleChecks(overview, nowMs)]),
    ...saleChecks(state, row, nowMs),
  ];
  return checks.toSorted((one, other) => RANK[one.verdict] - RANK[other.verdict]);
}

const RANK = { no: 0, warn: 1, ok: 2 } as const;

function check(name: string, isRight: boolean, otherwise: 'warn' | 'no', says: string): Check {
  return { name, verdict: isRight ? 'ok' : otherwise, says };
}

function storeChecks({ stores }: Overview): Check[] {
  const { redis, sql, faults, clock_skew_ms: skewMs } = stores;
  const answers = (name: string, { answers: isThere, milliseconds }: typeof redis) =>
    check(
      name,
      isThere,
      'no',
      isThere ? `answers in ${(milliseconds ?? 0).toFixed(1)} ms` : 'does not answer',
    );
  const isClose = skewMs !== null && Math.abs(skewMs) <= CLOCK_SKEW_MAX_MS / 5;
  return [
    answers('Redis', redis),
    answers('SQL', sql),
    check(
      'settings',
      faults.length === 0,
      'no',
      faults.length === 0 ? 'keep what they acknowledge' : faults.join('; '),
    ),
    check('clocks', isClose, 'warn', skewMs === null ? 'could not be compared' : `${count(skewMs)} ms apart`),
  ];
}

function peopleChecks({ preflight: facts }: Overview, nowMs: number): Check[] {
  const { workers_quiet_ms: quietMs, webhooks_are_signed: isSigned, rehearsed_at: rehearsedAt } = facts;
  const isAlive = quietMs !== null && quietMs < OUTAGE_MIN_MS;
  const worked = quietMs === null ? 'never ran: nothing expires' : `last worked ${ago(quietMs)}`;
  return [
    check('workers', isAlive, 'no', worked),
    check(
      'webhooks',
      isSigned,
      'warn',
      isSigned ? 'signed with a secret' : 'no secret is set: anybody could report a payment',
    ),
    check(
      'rehearsal',
      rehearsedAt !== null,
      'warn',
      rehearsedAt === null
        ? 'none yet'
        : `${dateTime(Date.parse(rehearsedAt))}, ${ago(nowMs - Date.parse(rehearsedAt))}`,
    ),
  ];
}

function saleChecks(state: State, { sale }: SaleRow, nowMs: number): Check[] {
  const isOver = sale.closes_at !== null && Date.parse(sale.closes_at) <= nowMs;
  const other = saleRows(state).find(
    (row) =>
      row.sale.product_id === sale.product_id &&
      row.sale.id !== sale.id &&
      ['live', 'paused'].includes(stateOf(row)),
  );
  return [
    check('window', !isOver, 'no', isOver ? 'has closed: edit it first' : 'is not over'),
    check(
      'product',
      other === undefined,
      'no',
      other === undefined
        ? 'is in no other sale that is on'
        : `is in sale ${other.sale.id}, which is on: end it first`,
    ),
  ];
}

const SIGNS = { ok: GLYPHS.ok, warn: '!', no: GLYPHS.no } as const;

export function preflightLines(checks: readonly Check[]): Line[] {
  const wrong = checks.filter(({ verdict }) => verdict === 'no').length;
  const known = checks.filter(({ verdict }) => verdict === 'warn').length;
  const sum =
    wrong > 0
      ? span(`${GLYPHS.no} Not ready: ${wrong} of ${checks.length} checks fail`, 'warn', { bold: true })
      : known > 0
        ? span(`${GLYPHS.ok} Ready, but know ${known === 1 ? 'this' : `these ${known}`}`, 'good', {
            bold: true,
          })
        : span(`${GLYPHS.ok} Ready: ${checks.length} checks pass`, 'good', { bold: true });
  return [
    [sum],
    ...checks.map(({ name, verdict, says }): Line => [
      span(`${SIGNS[verdict]} `, verdict === 'ok' ? 'good' : 'warn'),
      span(name.padEnd(12), 'dim'),
      span(safe(says), verdict === 'ok' ? undefined : 'warn'),
    ]),
  ];
}
