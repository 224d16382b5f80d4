/** When a token was last used: noted now and then, and in nobody's way. */

import { eq, sql as raw } from 'drizzle-orm';
import { operators } from '@flash-sale/drizzle/schema.ts';
import { TOKEN_USE_NOTED_AFTER_MS, TOKEN_USE_NOTED_EVERY_MS } from '@flash-sale/shared/limits.ts';
import { statement } from '../mysql/transaction.ts';
import type { Services } from '../services.ts';
import { unlessAway } from '../store-unavailable.ts';
import type { Operator } from './operators.ts';

/** @returns what to call whenever somebody's token was accepted: it waits for nothing, and never fails */
export function tokenUses(
  { mysql, log }: Pick<Services, 'mysql' | 'log'>,
  now: () => number = () => performance.now(),
): (operator: Operator) => void {
  const notedAtMs = new Map<number, number>();
  const write = (id: number) =>
    statement(mysql, (sql) =>
      sql
        .update(operators)
        .set({ lastUsedAt: raw`utc_timestamp(3)` })
        .where(eq(operators.id, id)),
    );
  return ({ id, name }) => {
    if (id === null) return;
    const notedAt = notedAtMs.get(id);
    if (notedAt !== undefined && now() - notedAt < TOKEN_USE_NOTED_EVERY_MS) return;
    notedAtMs.set(id, now());
    const timer = setTimeout(() => {
      write(id)
        .catch(unlessAway)
        .catch((error: unknown) => log.warn('the use of a token was not noted', { operator: name, error }));
    }, TOKEN_USE_NOTED_AFTER_MS);
    // A process that ends does not wait for it.
    timer.unref();
  };
}
