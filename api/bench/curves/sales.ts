/** Holds by the number of sales that are on: requests go to one after the other. */

import { ALLOTMENT_MAX } from '@flash-sale/shared/limits.ts';
import { measure, type Measured } from '../contest.ts';
import { API, contender, empty, holdBody } from '../contests/holds.ts';
import type { Prepared } from '../load/requests.ts';
import { openStage } from '../stage.ts';
import { panelsOf, SECONDS, WARM_UP_S, type Row } from './connections.ts';
import type { Curves } from './plot.ts';

const SALES = [1, 10, 100, 1_000];
const CONNECTIONS = [64, 1_000];
const ROUNDS = 3;

export async function overSales(say: (line: string) => void): Promise<Curves> {
  const curves = CONNECTIONS.map((connections) => ({
    name: `${API}, ${connections} connections`,
    rows: [] as Row[],
  }));
  for (const at of SALES) {
    say(`  ${at} sales`);
    const measured = await holdsOf(at, say);
    curves.forEach(({ rows }, index) => rows.push({ at, rounds: measured[index] ?? [] }));
  }
  return {
    title: 'Holds by the number of sales',
    x: { label: 'sales', isLog: true },
    panels: panelsOf(curves),
    figures: curves,
    says: [],
  };
}

/** @returns the rounds for each number of connections */
async function holdsOf(sales: number, say: (line: string) => void): Promise<Measured[][]> {
  const stage = await openStage();
  try {
    const requests: Prepared[] = [];
    const saleIds: number[] = [];
    while (saleIds.length < sales) {
      const { productId, saleId } = await stage.world.sale({ allotment: ALLOTMENT_MAX });
      saleIds.push(saleId);
      requests.push({ body: holdBody(productId) });
    }
    const server = await stage.serve('server.ts');
    const contenders = CONNECTIONS.map((connections) =>
      contender(API, server, {
        path: '/api/holds',
        connections,
        requests: { kind: 'in_turn', requests },
        expected: 'accepted',
        prepare: () => empty(stage, saleIds),
      }),
    );
    const measured: Measured[][] = [];
    for (const one of contenders) {
      await measure(stage, one, WARM_UP_S, say);
      const rounds: Measured[] = [];
      while (rounds.length < ROUNDS) rounds.push(await measure(stage, one, SECONDS, say));
      measured.push(rounds);
    }
    return measured;
  } finally {
    await stage.close();
  }
}
