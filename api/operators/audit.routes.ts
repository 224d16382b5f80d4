import { Elysia, t } from 'elysia';
import { AuditRow, ChainView, type AuditRow as AuditRowBody } from '@flash-sale/shared/contracts/operator.ts';
import { AUDIT_TARGET_LENGTH_MAX } from '@flash-sale/shared/limits.ts';
import { documented } from '../http/documented.ts';
import { isId, PAGE_QUERY, pageOf, pageSchema, readPage } from '../http/page.ts';
import { filter } from '../http/query.ts';
import { succeed } from '../http/reply.ts';
import type { Services } from '../services.ts';
import { listAudit, verifyChain } from './audit-log.ts';

export function auditRoutes({ mysql }: Services) {
  return new Elysia()
    .get(
      '/ops/audit',
      async ({ query, set }) => {
        const { after, limit } = readPage(query, isId);
        const { actor = null, target = null } = query;
        const rows = await listAudit(mysql, { before: after, limit, actor, target });
        const page = pageOf(rows, limit, ({ id }) => id, viewOf);
        return succeed(set, 200, 'Who changed what, newest first.', page);
      },
      {
        query: t.Object({
          ...PAGE_QUERY,
          actor: filter('What this operator did.', 'ann', ACTOR_LENGTH_MAX),
          target: filter('What was done to this.', 'sale 1', AUDIT_TARGET_LENGTH_MAX),
        }),
        ...documented({
          summary: 'The audit log',
          tag: 'Audit',
          success: { 200: pageSchema(AuditRow) },
          failures: ['bad_request', 'unavailable'],
          isForOperators: true,
        }),
      },
    )
    .get(
      '/ops/audit/verify',
      async ({ set }) => {
        const chain = await verifyChain(mysql);
        const isIntact = chain.kind === 'intact';
        const says = isIntact ? 'Every row is as it was written.' : 'The audit log was tampered with.';
        return succeed(set, 200, says, {
          intact: isIntact,
          rows: chain.rows,
          broken_at: isIntact ? null : chain.brokenAt,
        });
      },
      documented({
        summary: 'Compute every hash of the audit log again',
        tag: 'Audit',
        success: { 200: ChainView },
        failures: ['unavailable'],
        isForOperators: true,
      }),
    );
}

/** As wide as the column: `system:` and the part of it that acts, or an operator's name. */
const ACTOR_LENGTH_MAX = 100;

type Row = Awaited<ReturnType<typeof listAudit>>[number];

function viewOf(row: Row): AuditRowBody {
  const { id, actor, action, target, before, after, requestId, reason, hash, createdAt } = row;
  return {
    id,
    at: createdAt.toISOString(),
    actor,
    action,
    target,
    before: before === null ? null : JSON.parse(before),
    after: after === null ? null : JSON.parse(after),
    reason,
    request_id: requestId,
    hash,
  };
}
