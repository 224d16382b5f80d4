/** What is looked at before a launch: everything that the API can tell. */

import type { Overview } from '@flash-sale/shared/contracts/overview.ts';
import { no, ok, warn, type Check } from '../doctor/check.ts';
import { serviceChecks, storeChecks } from '../doctor/overview-checks.ts';
import { ago, dateTime } from '../look/format.ts';
import { GLYPHS } from '../look/look.ts';
import { span, type Line } from '../look/span.ts';
import { safe } from '../look/text.ts';
import type { Frame } from '../state/frames.ts';
import { isFresh, isOverviewFresh, type State } from '../state/state.ts';
import { saleRows, stateOf, type SaleRow } from './sale-row.ts';

/** What is wrong comes first. */
export function preflight({ state, nowMs, localMs }: Frame, row: SaleRow): Check[] {
  const { overview } = state;
  const isLive = isFresh(state, localMs);
  const checks = [
    isLive ? ok('connection', 'live') : no('connection', 'down: what is shown here is old'),
    ...(overview === null || !isOverviewFresh(state, localMs)
      ? [no('stores', 'unknown: the overview could not be read')]
      : [...storeChecks(overview), ...serviceChecks(overview), rehearsal(overview, nowMs)]),
    ...saleChecks(state, row, nowMs),
  ];
  return checks.toSorted((one, other) => RANK[one.verdict] - RANK[other.verdict]);
}

const RANK = { no: 0, warn: 1, ok: 2 } as const;

function rehearsal({ preflight: { rehearsed_at: rehearsedAt } }: Overview, nowMs: number): Check {
  if (rehearsedAt === null) return warn('rehearsal', 'none yet');
  const atMs = Date.parse(rehearsedAt);
  return ok('rehearsal', `${dateTime(atMs)}, ${ago(nowMs - atMs)}`);
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
    isOver ? no('window', 'has closed: edit it first') : ok('window', 'is not over'),
    other === undefined
      ? ok('product', 'is in no other sale that is on')
      : no('product', `is in sale ${other.sale.id}, which is on: end it first`),
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
