/**
 * Operators and their tokens. A token is 256 random bits, shown once and kept as its hash: there is nothing to guess,
 * so no slow hash is needed.
 */

import { timingSafeEqual } from 'node:crypto';
import { asc, eq, isNull, and, sql as raw } from 'drizzle-orm';
import { operators } from '@flash-sale/drizzle/schema.ts';
import type { OperatorState } from '@flash-sale/shared/contracts/operator.ts';
import type { OperatorRole } from '@flash-sale/shared/lifecycle.ts';
import { isDuplicateKey } from '../mysql/faults.ts';
import { statement, transaction } from '../mysql/transaction.ts';
import type { Services } from '../services.ts';
import { record, type Act } from './audit-log.ts';
import { newToken } from './token.ts';

/** The operator whose token is in the environment. Nobody can be added under this name. */
export const BOOTSTRAP = 'bootstrap';

export interface Operator {
  /** In SQL, where the bootstrap operator is not. */
  readonly id: number | null;
  readonly name: string;
  readonly role: OperatorRole;
  readonly expiresAt: Date | null;
}

function digest(token: string): Buffer {
  return new Bun.CryptoHasher('sha256').update(token).digest();
}

/** @returns null when nobody may use this token. @throws StoreUnavailable */
export async function findOperator({ config, mysql }: Services, token: string): Promise<Operator | null> {
  const presented = digest(token);
  if (config.OPERATOR_TOKEN !== null && timingSafeEqual(presented, digest(config.OPERATOR_TOKEN))) {
    return { id: null, name: BOOTSTRAP, role: 'admin', expiresAt: null };
  }
  const rows = await statement(mysql, (sql) =>
    sql
      .select()
      .from(operators)
      .where(
        and(
          eq(operators.tokenHash, presented.toString('hex')),
          isNull(operators.revokedAt),
          raw`(expires_at is null or expires_at > utc_timestamp(3))`,
        ),
      ),
  );
  const [row] = rows;
  // Whoever could time the look-up of a hash would learn nothing of a token; compared once more all the same.
  if (row === undefined || !timingSafeEqual(Buffer.from(row.tokenHash, 'hex'), presented)) return null;
  return { id: row.id, name: row.name, role: row.role, expiresAt: row.expiresAt };
}

export type OperatorAdded =
  | { kind: 'added'; token: string; expiresAt: Date | null }
  /** Names stay taken when their token is revoked: the audit log knows them. */
  | { kind: 'name_taken' };

export async function addOperator(
  { mysql }: Services,
  operator: { name: string; role: OperatorRole; expiresInDays: number | null },
  act: Act,
): Promise<OperatorAdded> {
  const { name, role, expiresInDays } = operator;
  if (name === BOOTSTRAP) return { kind: 'name_taken' };
  const token = newToken();
  try {
    return await transaction(mysql, async (sql) => {
      const expiresAt = expiresInDays === null ? null : raw`utc_timestamp(3) + interval ${expiresInDays} day`;
      await sql.insert(operators).values({ name, role, tokenHash: digest(token).toString('hex'), expiresAt });
      const [added] = await sql.select().from(operators).where(eq(operators.name, name));
      const after = { role, expiresInDays };
      await record(sql, act, { action: 'operator.add', target: `operator ${name}`, after });
      return { kind: 'added', token, expiresAt: added?.expiresAt ?? null };
    });
  } catch (error) {
    if (isDuplicateKey(error, 'operators_name')) return { kind: 'name_taken' };
    throw error;
  }
}

/** Their token stops working at once. Again is fine. */
export async function revokeOperator(
  { mysql }: Services,
  name: string,
  act: Act,
): Promise<'revoked' | 'operator_not_found'> {
  return transaction(mysql, async (sql) => {
    const [row] = await sql.select().from(operators).where(eq(operators.name, name)).for('update');
    if (row === undefined) return 'operator_not_found';
    if (row.revokedAt !== null) return 'revoked';
    await sql
      .update(operators)
      .set({ revokedAt: raw`utc_timestamp(3)` })
      .where(eq(operators.name, name));
    await record(sql, act, {
      action: 'operator.revoke',
      target: `operator ${name}`,
      before: { role: row.role },
    });
    return 'revoked';
  });
}

export type ListedOperator = typeof operators.$inferSelect & { state: OperatorState };

export async function listOperators({ mysql }: Services): Promise<ListedOperator[]> {
  const rows = await statement(mysql, (sql) =>
    sql
      .select({ row: operators, isExpired: raw<number | null>`expires_at <= utc_timestamp(3)` })
      .from(operators)
      .orderBy(asc(operators.name)),
  );
  return rows.map(({ row, isExpired }) => {
    const state = row.revokedAt !== null ? 'revoked' : isExpired === 1 ? 'expired' : 'active';
    return { ...row, state };
  });
}
