/**
 * Holds by the number of API processes on one port, under the same load. On a machine whose cores the stores and the load
 * need too, more processes are not faster. What counts is what a hold costs each of them: that decides how many cores
 * carry how many holds.
 */

import { ALLOTMENT_MAX } from '@flash-sale/shared/limits.ts';
import { measure, type Contender, type Measured } from '../contest.ts';
import { contender, empty, holdBody } from '../contests/holds.ts';
import { openStage, type Server, type Stage } from '../stage.ts';
import { spreadOf } from '../table.ts';
import { SECONDS, WARM_UP_S } from './connections.ts';
import type { Curves } from './plot.ts';

const CONNECTIONS = [64, 1_000];
const ROUNDS = 3;

interface Row {
  readonly processes: number;
  readonly rounds: Measured[];
  /** How many holds were asked for by one script, in each round. */
  readonly holdsPerScript: number[];
}

export async function overProcesses(say: (line: string) => void): Promise<Curves> {
  const stage = await openStage();
  try {
    const { productId, saleId } = await stage.world.sale({ allotment: ALLOTMENT_MAX });
    const serve = async (processes: number) => ({
      processes,
      server: await stage.serve('server.ts', { API_PROCESSES: String(processes) }),
    });
    const alone = await serve(1);
    const servers = [alone, await serve(2), await serve(4)];
    const rowOf = (name: string, processes: number, server: Server, connections: number) => {
      const row: Row = { processes, rounds: [], holdsPerScript: [] };
      const asking = contender(name, server, {
        path: '/api/holds',
        connections,
        requests: { kind: 'same', body: holdBody(productId) },
        expected: 'accepted',
        prepare: () => empty(stage, [saleId]),
      });
      return { row, asking: countingScripts(stage, asking, row) };
    };
    const curves = CONNECTIONS.flatMap((connections) => [
      {
        name: `${connections} connections`,
        rows: servers.map(({ processes, server }) =>
          rowOf(`${processes} processes`, processes, server, connections),
        ),
      },
      // What is due to smaller batches it costs too, what is due to several processes it does not.
      {
        name: `one process with its share of ${connections}`,
        rows: servers.map(({ processes }) =>
          rowOf(`a share of 1 / ${processes}`, processes, alone.server, connections / processes),
        ),
      },
    ]);
    for (const { name, rows } of curves) {
      for (const { asking } of rows) await measure(stage, asking, WARM_UP_S, say);
      for (const { row } of rows) row.holdsPerScript.length = 0;
      for (let round = 0; round < ROUNDS; round += 1) {
        say(`  ${name}: round ${round + 1} of ${ROUNDS}`);
        for (const { row, asking } of round % 2 === 0 ? rows : rows.toReversed()) {
          row.rounds.push(await measure(stage, asking, SECONDS, say));
        }
      }
    }
    return picture(curves.map(({ name, rows }) => ({ name, rows: rows.map(({ row }) => row) })));
  } finally {
    await stage.close();
  }
}

/** Scripts of workers are among them: some dozens in a second, of thousands. */
function countingScripts({ world }: Stage, asking: Contender, row: Row): Contender {
  const { redis } = world.services;
  return {
    ...asking,
    async prepare() {
      await asking.prepare?.();
      await redis.config('RESETSTAT');
    },
    async check(loaded) {
      await asking.check?.(loaded);
      const calls = /^cmdstat_evalsha:calls=(\d+)/m.exec(await redis.info('commandstats'))?.[1];
      row.holdsPerScript.push(loaded.requests / Number(calls));
    },
  };
}

function picture(curves: readonly { name: string; rows: readonly Row[] }[]): Curves {
  const panel = (title: string, label: string, of: (row: Row) => readonly number[]) => ({
    title,
    y: { label, isLog: false },
    curves: curves.map(({ name, rows }) => ({
      name,
      points: rows.map((row) => [row.processes, spreadOf(of(row)).median] as const),
    })),
  });
  const figure = (name: 'perSecond' | 'serverUs' | 'redisUs') => (row: Row) =>
    row.rounds.map((round) => round[name]).filter((value) => value !== null);
  return {
    title: 'Holds by the number of API processes, all on one machine',
    x: { label: 'processes', isLog: false },
    panels: [
      panel('Holds', 'per second', figure('perSecond')),
      panel('CPU of the API, all processes', 'microseconds per hold', figure('serverUs')),
      panel('CPU of Redis', 'microseconds per hold', figure('redisUs')),
      panel('Holds that share a script', 'holds', (row) => row.holdsPerScript),
    ],
    figures: curves,
    says: [],
  };
}
