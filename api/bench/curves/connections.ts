/** Holds by the number of connections, beside both yardsticks. */

import { ALLOTMENT_MAX } from '@flash-sale/shared/limits.ts';
import { measure, type Measured } from '../contest.ts';
import { API, BARE, contender, empty, holdBody, serveAll, UNBATCHED } from '../contests/holds.ts';
import { openStage } from '../stage.ts';
import { spreadOf } from '../table.ts';
import type { Curves, Panel } from './plot.ts';

const CONNECTIONS = [1, 8, 64, 256, 1_000, 4_000];
const ROUNDS = 3;
export const SECONDS = 2;
export const WARM_UP_S = 5;

export async function overConnections(say: (line: string) => void): Promise<Curves> {
  const stage = await openStage();
  try {
    const { productId, saleId } = await stage.world.sale({ allotment: ALLOTMENT_MAX });
    const { bare, unbatched, api } = await serveAll(stage);
    const requests = { kind: 'same', body: holdBody(productId) } as const;
    const prepare = () => empty(stage, [saleId]);
    const servers = [
      [API, api],
      [BARE, bare],
      [UNBATCHED, unbatched],
    ] as const;
    const curves = servers.map(([name, server]) => ({
      name,
      rows: [] as Row[],
      by: (connections: number) =>
        contender(name, server, { path: '/api/holds', connections, requests, expected: 'accepted', prepare }),
    }));
    for (const { by } of curves) await measure(stage, by(64), WARM_UP_S, say);
    for (const at of CONNECTIONS) {
      say(`  ${at} connections`);
      const rows = curves.map(({ by, rows: all }) => {
        const row = { at, rounds: [] as Measured[] };
        all.push(row);
        return { row, contender: by(at) };
      });
      for (let round = 0; round < ROUNDS; round += 1) {
        for (const { row, contender: one } of round % 2 === 0 ? rows : rows.toReversed()) {
          row.rounds.push(await measure(stage, one, SECONDS, say));
        }
      }
    }
    return {
      title: 'Holds by the number of connections',
      x: { label: 'connections', isLog: true },
      panels: panelsOf(curves),
      figures: curves,
      says: [],
    };
  } finally {
    await stage.close();
  }
}

export interface Row {
  readonly at: number;
  readonly rounds: readonly Measured[];
}

/** Throughput and p99, the median of the rounds. */
export function panelsOf(curves: readonly { name: string; rows: readonly Row[] }[]): readonly Panel[] {
  const of = (figure: 'perSecond' | 'p99Ms') =>
    curves.map(({ name, rows }) => ({
      name,
      points: rows.map(
        ({ at, rounds }) => [at, spreadOf(rounds.map((round) => round[figure])).median] as const,
      ),
    }));
  return [
    { title: 'Holds', y: { label: 'per second', isLog: false }, curves: of('perSecond') },
    { title: 'p99', y: { label: 'milliseconds', isLog: true }, curves: of('p99Ms') },
  ];
}
