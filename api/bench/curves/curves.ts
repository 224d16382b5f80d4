/** How the API scales: each curve is measured by itself, and kept as JSON and as a picture. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Machine } from '../machine.ts';
import { overConnections } from './connections.ts';
import { overHolds } from './live-holds.ts';
import { plotOf, type Curves } from './plot.ts';
import { overProcesses } from './processes.ts';
import { overSales } from './sales.ts';
import { stormOf } from './storm.ts';

export const CURVES = {
  connections: overConnections,
  sales: overSales,
  holds: overHolds,
  storm: stormOf,
  processes: overProcesses,
} satisfies Record<string, (say: (line: string) => void) => Promise<Curves>>;
export type CurveName = keyof typeof CURVES;

export interface Facts {
  readonly date: string;
  readonly machine: Machine;
  readonly versions: Readonly<Record<string, string>>;
}

/** @returns what they say, in lines */
export async function drawCurves(
  names: readonly CurveName[],
  folder: string,
  facts: Facts,
  say: (line: string) => void,
): Promise<string[]> {
  mkdirSync(folder, { recursive: true });
  const said: string[] = [];
  for (const name of names) {
    say(`${name}:`);
    const curves = await CURVES[name](say);
    const path = join(folder, name);
    writeFileSync(`${path}.json`, `${JSON.stringify({ ...facts, ...curves }, null, 2)}\n`);
    writeFileSync(`${path}.svg`, plotOf(curves, measuredOn(facts)));
    said.push(...curves.says, `${path}.svg`);
  }
  return said;
}

export function measuredOn({ date, machine, versions }: Facts): string {
  const names = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const load = `load average ${machine.loadBefore.toFixed(2)} before`;
  return [date.slice(0, 10), `${machine.cores} cores of ${machine.cpu}`, ...names, load].join(', ');
}
