/** The audit log: who changed what, from what to what. */

import type { AuditRow, ChainView } from '@flash-sale/shared/contracts/operator.ts';
import { AUDIT_TARGET_LENGTH_MAX, OPERATOR_NAME_LENGTH_MAX } from '@flash-sale/shared/limits.ts';
import { answerOf } from '../api.ts';
import type { Column } from '../list/columns.ts';
import { parseFilter } from '../list/filter.ts';
import { serverList } from '../list/server-list.ts';
import { whenColumn } from '../list/time-columns.ts';
import { againOr, BLANK, fact } from '../look/facts.ts';
import { count, dateTime, timeOfDay } from '../look/format.ts';
import { GLYPHS } from '../look/look.ts';
import { span, spread, type Line } from '../look/span.ts';
import { safe, shortId } from '../look/text.ts';
import type { View } from '../rooms/room.ts';
import type { Frame } from '../state/frames.ts';
import { changeLines } from './change-lines.ts';
import { valueChanges } from './value-changes.ts';

interface AuditQuery {
  readonly actor?: string;
  readonly target?: string;
}

export const auditList = serverList<AuditRow, AuditQuery>({
  name: 'activity.audit',
  of: ({ audit }) => audit.log,
  put: (state, log) => ({ ...state, audit: { ...state.audit, log } }),
  queryOf: auditQuery,
  page: ({ api }, query) => answerOf(api.audit.get({ query })),
  idOf: ({ id }) => String(id),
  compare: (one, other) => other.id - one.id,
  // Nothing in it ever changes.
  later: (known) => known,
});

/** What the API can look for of a filter: whole names. */
function auditQuery(filter: string): AuditQuery {
  const query: { -readonly [Name in keyof AuditQuery]: AuditQuery[Name] } = {};
  for (const { isInverse, field, compares, typed } of parseFilter(filter)) {
    if (isInverse || compares !== 'has') continue;
    if (field === 'actor' && typed.length <= OPERATOR_NAME_LENGTH_MAX) query.actor ??= typed;
    if (field === 'target' && typed.length <= AUDIT_TARGET_LENGTH_MAX) query.target ??= typed;
  }
  return query;
}

const COLUMNS: readonly Column<AuditRow>[] = [
  whenColumn(({ at }) => at),
  {
    name: 'actor',
    title: 'Who',
    width: 14,
    priority: 0,
    cell: ({ actor }) => safe(actor),
    sortBy: ({ actor }) => actor,
  },
  {
    name: 'action',
    title: 'Did',
    width: 16,
    priority: 0,
    cell: ({ action }) => span(safe(action), 'accent'),
    sortBy: ({ action }) => action,
  },
  {
    name: 'target',
    title: 'To',
    width: 20,
    grows: 1,
    priority: 0,
    cell: ({ target }, _frame, width) => shortTarget(safe(target), width),
    sortBy: ({ target }) => target,
  },
  { name: 'change', title: 'Change', width: 30, grows: 2, priority: 2, cell: changeWords },
  {
    name: 'reason',
    title: 'Why',
    width: 20,
    grows: 1,
    priority: 3,
    cell: ({ reason }) => safe(reason ?? ''),
  },
  {
    name: 'id',
    title: 'Row',
    width: 6,
    align: 'right',
    priority: 1,
    cell: ({ id }) => count(id),
    sortBy: ({ id }) => id,
  },
];

/** The kind whole, and of what it is called the ends. */
function shortTarget(target: string, width: number): string {
  const [kind = ''] = target.split(' ');
  const name = target.slice(kind.length + 1);
  return `${kind} ${shortId(name, Math.max(4, width - kind.length - 1))}`;
}

/** "state draft → live, price 599" */
export function changeWords({ before, after }: AuditRow): string {
  return valueChanges(before, after)
    .filter((change) => change.before !== change.after)
    .map(({ name, before: old, after: now }) => {
      const named = name === '' ? '' : `${name} `;
      if (old === null) return `${named}${now ?? ''}`;
      return now === null ? `${named}${old} gone` : `${named}${old} → ${now}`;
    })
    .map(safe)
    .join(', ');
}

export const auditView: View<AuditRow> = {
  name: 'audit',
  title: 'Audit log',
  rows: (state) => auditList.rows(state),
  idOf: ({ id }) => String(id),
  columns: COLUMNS,
  fields: (row) => ({
    id: String(row.id),
    actor: row.actor,
    action: row.action,
    target: row.target,
    change: changeWords(row),
    reason: row.reason ?? '',
    request: row.request_id,
  }),
  above,
  detail: auditLines,
  copies: (row) => [
    { what: 'target', text: row.target },
    { what: 'request id', text: row.request_id },
    { what: 'JSON', text: JSON.stringify(row, null, 2) },
  ],
  empty: ({ audit: { log } }) =>
    againOr(
      log.fault,
      log.newest.isRead ? 'No operator has changed anything yet.' : 'Reading the audit log ...',
    ),
  sentence: (_frame, row) =>
    `${row.actor} did ${row.action} to ${row.target} at ${dateTime(Date.parse(row.at))}: ${changeWords(row)}${
      row.reason === null ? '' : `; why: ${row.reason}`
    }`,
};

/** What the last check said, and whether there is more to see. */
function above({ state }: Frame, width: number): Line[] {
  const { log, checked } = state.audit;
  if (log.fault !== '' && log.newest.isRead) return [[span(` ! ${safe(log.fault)}`, 'warn')], []];
  const loaded = count(auditList.rows(state).length);
  const more = auditList.hasOlder(state) ? `${loaded} loaded; L reads older ` : 'all loaded ';
  return [spread(checkedLine(checked), [span(more, 'dim')], width), []];
}

function checkedLine(checked: Frame['state']['audit']['checked']): Line {
  if (checked === null) return [span(' v checks that nobody changed a row', 'dim')];
  if (checked.intact) {
    const says = ` ${GLYPHS.ok} ${count(checked.rows)} rows as they were written`;
    return [span(says, 'good'), span(`, checked at ${timeOfDay(checked.atMs)}`, 'dim')];
  }
  return [span(` ! BROKEN: ${brokenWords(checked)}; ${KEEP_BROKEN}`, 'alarm')];
}

/** What is wrong with the chain. */
export function brokenWords({ broken_at: row }: Pick<ChainView, 'broken_at'>): string {
  return row === null ? 'rows are missing at the end' : `row ${count(row)} is not as it was written`;
}

/** And what to do then. */
export const KEEP_BROKEN = 'keep the database as it is, and compare it with a backup';

function auditLines(_frame: Frame, row: AuditRow, width: number): Line[] {
  return [
    [
      span(safe(row.actor), undefined, { bold: true }),
      span('  '),
      span(safe(row.action), 'accent'),
      span(`  ${safe(row.target)}`),
    ],
    BLANK,
    ...changeLines(row.before, row.after, width),
    BLANK,
    ...fact('when', dateTime(Date.parse(row.at)), width),
    ...(row.reason === null ? [] : fact('why', row.reason, width)),
    ...fact('row', count(row.id), width),
    ...fact('request', row.request_id, width),
    ...fact('hash', row.hash, width),
  ];
}
