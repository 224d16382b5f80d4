import type { Services } from '../services.ts';

/**
 * Works on one sale after the other. A sale that fails does not stop the others; the first failure is thrown when
 * all had their turn. @returns the sum of what was done.
 */
export async function eachSale<Item>(
  { log }: Services,
  sales: readonly Item[],
  work: (sale: Item) => Promise<number>,
): Promise<number> {
  const failures: unknown[] = [];
  let count = 0;
  for (const sale of sales) {
    try {
      count += await work(sale);
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 1) log.debug('several sales failed in one turn', { failures: failures.length });
  if (failures.length > 0) throw failures[0];
  return count;
}
