/** What living holds cost: memory of Redis, and the time of a rebuild. */

import { ALLOTMENT_MAX } from '@flash-sale/shared/limits.ts';
import { holdMany, type Holder } from '../contests/hold-many.ts';
import { SALE_KEY_NAMES, saleKeys } from '../../redis/keys.ts';
import { rebuildSale } from '../../sales/rebuild.ts';
import type { Services } from '../../services.ts';
import { StoreUnavailable } from '../../store-unavailable.ts';
import { openStage } from '../stage.ts';
import { spreadOf } from '../table.ts';
import type { Curves } from './plot.ts';

const HOLDS = [1_000, 10_000, 100_000, 1_000_000];
const REBUILDS = 3;
/** The number of holds that figures are asked for at. */
const ASKED_AT = 100_000;
const BYTES_MAX = 260;
const REBUILD_MAX_MS = 2_000;

/** Figures are asked for of the first. */
const HOLDERS: Readonly<Record<Holder, string>> = {
  anonymous: 'anonymous buyers',
  named: 'named buyers with idempotency keys',
};

interface Figures {
  readonly holds: number;
  readonly bytesPerHold: number;
  /** By MEMORY USAGE of each key, which leaves out what Redis needs beside its keys. */
  readonly bytesPerHoldByKey: Readonly<Record<string, number>>;
  /** Of each try; null where Redis or SQL gave up. */
  readonly rebuildMs: readonly (number | null)[];
}

export async function overHolds(say: (line: string) => void): Promise<Curves> {
  const measured: { name: string; rows: Figures[] }[] = [];
  for (const holder of ['anonymous', 'named'] as const) {
    const name = HOLDERS[holder];
    const rows: Figures[] = [];
    for (const holds of HOLDS) {
      say(`  ${holds} holds of ${name}`);
      rows.push(await measure(holds, holder));
    }
    measured.push({ name, rows });
  }
  const curvesOf = (figure: (row: Figures) => number | null) =>
    measured.map(({ name, rows }) => ({
      name,
      points: rows.flatMap((row) => {
        const value = figure(row);
        return value === null ? [] : [[row.holds, value] as const];
      }),
    }));
  return {
    title: 'What living holds cost',
    x: { label: 'living holds', isLog: true },
    panels: [
      {
        title: 'Memory of Redis',
        y: { label: 'bytes per hold, all included', isLog: false },
        curves: curvesOf(({ bytesPerHold }) => bytesPerHold),
        asked: { at: BYTES_MAX, says: `asked for at ${ASKED_AT} holds: at most ${BYTES_MAX}` },
      },
      {
        title: 'Rebuild of the sale',
        y: { label: 'milliseconds (no point: it was given up)', isLog: true },
        curves: curvesOf(({ rebuildMs }) => medianOf(rebuildMs)),
        asked: { at: REBUILD_MAX_MS, says: `asked for at ${ASKED_AT} holds: less than ${REBUILD_MAX_MS}` },
      },
    ],
    figures: measured,
    says: measured.flatMap(({ name, rows }) => rows.map((row) => sentenceOf(name, row))),
  };
}

function medianOf(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length < values.length ? null : spreadOf(known).median;
}

function sentenceOf(name: string, { holds, bytesPerHold, rebuildMs }: Figures): string {
  const median = medianOf(rebuildMs);
  const rebuild = median === null ? 'the rebuild was given up' : `a rebuild in ${median.toFixed(0)} ms`;
  const isMet = bytesPerHold <= BYTES_MAX && median !== null && median < REBUILD_MAX_MS;
  const verdict = holds === ASKED_AT && name === HOLDERS.anonymous ? (isMet ? ': met' : ': NOT MET') : '';
  return `${holds} holds of ${name}: ${bytesPerHold.toFixed(0)} bytes each, ${rebuild}${verdict}`;
}

async function measure(holds: number, holder: Holder): Promise<Figures> {
  const stage = await openStage();
  try {
    const { services } = stage.world;
    const { saleId } = await stage.world.sale({ allotment: ALLOTMENT_MAX });
    const before = await usedMemory(services);
    await holdMany(services, saleId, holds, { holder });
    const bytesPerHold = ((await usedMemory(services)) - before) / holds;
    const bytesPerHoldByKey = await bytesByKey(services, saleId, holds);
    const rebuildMs: (number | null)[] = [];
    while (rebuildMs.length < REBUILDS && !rebuildMs.includes(null)) {
      rebuildMs.push(await timeRebuild(services, saleId));
    }
    return { holds, bytesPerHold, bytesPerHoldByKey, rebuildMs };
  } finally {
    await stage.close();
  }
}

/** Of the data: what waits to be written to the file passes. */
async function usedMemory({ redis }: Services): Promise<number> {
  const info = await redis.info('memory');
  const value = (name: string) => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1] ?? 0);
  return value('used_memory') - value('mem_aof_buffer') - value('mem_clients_normal');
}

async function bytesByKey({ redis }: Services, saleId: number, holds: number) {
  const bytes = await Promise.all(saleKeys(saleId).map((key) => redis.memory('USAGE', key, 'SAMPLES', 100)));
  const named = SALE_KEY_NAMES.map((name, index) => [name, (bytes[index] ?? 0) / holds] as const);
  return Object.fromEntries(named.filter(([, perHold]) => perHold > 0));
}

/** null when it was given up, as the arming worker would see it. */
async function timeRebuild(services: Services, saleId: number): Promise<number | null> {
  const startedAtMs = performance.now();
  try {
    const { kind } = await rebuildSale(services, saleId);
    if (kind !== 'armed') throw new Error(`a rebuild of the bench was ${kind}`);
    return performance.now() - startedAtMs;
  } catch (error) {
    if (error instanceof StoreUnavailable) return null;
    throw error;
  }
}
