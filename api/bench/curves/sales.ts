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
    connections,
    name: `${API}, ${connections} connections`,
    rows: [] as Row[],
  }));
  for (const sales of SALES) {
    say(`  ${sales} sales`);
    for (const { connections, rows } of curves)
      rows.push({ at: sales, rounds: await holdsOf(sales, connections, say) });
  }
  return {
    title: 'Holds by the number of sales',
    x: { label: 'sales', isLog: true },
    panels: panelsOf(curves),
    figures: curves,
    says: [],
  };
}

async function holdsOf(sales: number, connections: number, say: (line: string) => void): Promise<Measured[]> {
  const stage = await openStage();
  try {
    const requests: Prepared[] = [];
    const saleIds: number[] = [];
    for (let made = 0; made < sales; made += 1) {
      const { productId, saleId } = await stage.world.sale({ allotment: ALLOTMENT_MAX });
      saleIds.push(saleId);
      requests.push({ body: holdBody(productId) });
    }
    const server = await stage.serve('server.ts');
    const api = contender(API, server, {
      path: '/api/holds',
      connections,
      requests: { kind: 'in_turn', requests },
      expected: 'accepted',
      prepare: () => empty(stage, saleIds),
    });
    await measure(stage, api, WARM_UP_S, say);
    const rounds: Measured[] = [];
    while (rounds.length < ROUNDS) rounds.push(await measure(stage, api, SECONDS, say));
    return rounds;
  } finally {
    await stage.close();
  }
}
