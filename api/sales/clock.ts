/**
 * Moves sales by time in SQL, for people and lists to see. Redis needs none of it: it opens and closes a sale by
 * its window, exact to the millisecond, with every worker dead.
 */

import { and, eq, notExists, sql as raw } from 'drizzle-orm';
import { orders, sales, stockCredits } from '@flash-sale/drizzle/schema.ts';
import type { SaleState } from '@flash-sale/shared/lifecycle.ts';
import { ENDED_HOLD_KEPT_MS } from '@flash-sale/shared/limits.ts';
import { publish } from '../events/publish.ts';
import { isDuplicateKey } from '../mysql/faults.ts';
import { statement } from '../mysql/transaction.ts';
import type { Sale } from '../products/catalog.ts';
import { readSale, retireSale } from '../redis/sale-scripts.ts';
import type { Services } from '../services.ts';
import { servedSales } from './arming.ts';
import { eachSale } from './each-sale.ts';

/** @returns how many sales moved. */
export async function moveSalesByTime(services: Services): Promise<number> {
  const count = await eachSale(services, 'clock', await servedSales(services), async (sale) =>
    (await moveByTime(services, sale)) ? 1 : 0,
  );
  await retireEnded(services);
  return count;
}

async function moveByTime(services: Services, sale: Sale): Promise<boolean> {
  const now = raw`utc_timestamp(3)`;
  switch (sale.state) {
    case 'scheduled':
      return move(services, sale, 'live', raw`opens_at <= ${now}`);
    case 'live':
    case 'paused':
      return move(services, sale, 'draining', raw`closes_at <= ${now}`);
    case 'draining':
      return endDrained(services, sale);
    case 'draft':
    case 'halted':
    case 'ended':
      return false;
  }
}

async function move(
  services: Services,
  sale: Sale,
  to: 'live' | 'draining',
  when: ReturnType<typeof raw>,
): Promise<boolean> {
  try {
    const hasMoved = await statement(services.mysql, async (sql) => {
      const [{ affectedRows }] = await sql
        .update(sales)
        .set({ state: to })
        .where(and(eq(sales.id, sale.id), eq(sales.state, sale.state), when));
      return affectedRows === 1;
    });
    if (hasMoved) tellMoved(services, sale, to);
    return hasMoved;
  } catch (error) {
    // The product's earlier sale is not over yet; its own move comes first.
    if (isDuplicateKey(error, 'sales_one_on_per_product')) return false;
    throw error;
  }
}

function tellMoved(services: Services, { id, state: from }: Sale, to: SaleState): void {
  publish(services, id, { type: 'sale.moved', from, to, by: 'system:clock' });
}

/** A drained sale ends when no unit of it can move any more: no hold, no pin, no unpaid order, no credit. */
async function endDrained(services: Services, sale: Sale): Promise<boolean> {
  const stock = await readSale(services.redis, sale.id);
  if (stock.kind === 'not_armed' || stock.holds + stock.pins > 0) return false;
  const isClosedInRedis =
    stock.state === 'draining' || (stock.closesAtMs !== null && stock.closesAtMs <= stock.nowMs);
  if (!isClosedInRedis) return false;
  const hasEnded = await statement(services.mysql, async (sql) => {
    const pending = sql
      .select({ one: raw`1` })
      .from(orders)
      .where(and(eq(orders.saleId, sale.id), eq(orders.state, 'pending')));
    const undelivered = sql
      .select({ one: raw`1` })
      .from(stockCredits)
      .where(and(eq(stockCredits.saleId, sale.id), raw`delivered_at is null`));
    const [{ affectedRows }] = await sql
      .update(sales)
      .set({ state: 'ended', endedAt: raw`utc_timestamp(3)` })
      .where(
        and(eq(sales.id, sale.id), eq(sales.state, 'draining'), notExists(pending), notExists(undelivered)),
      );
    return affectedRows === 1;
  });
  if (hasEnded) tellMoved(services, sale, 'ended');
  return hasEnded;
}

/**
 * Ended sales leave Redis, some time after their end. Asked again in every turn for as long as their keys may be
 * there, so that a process that dies right after the end leaves nothing behind.
 */
async function retireEnded(services: Services): Promise<void> {
  const ended = await statement(services.mysql, (sql) =>
    sql
      .select({ id: sales.id })
      .from(sales)
      .where(
        and(
          eq(sales.state, 'ended'),
          raw`ended_at > utc_timestamp(3) - interval ${ENDED_HOLD_KEPT_MS * 1_000} microsecond`,
        ),
      ),
  );
  await eachSale(services, 'retire', ended, async ({ id }) => {
    await retireSale(services.redis, id);
    return 0;
  });
}
