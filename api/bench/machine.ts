/** The machine: what it is, what a process has cost it, and whether others are at work on it. */

import { readFileSync, readdirSync } from 'node:fs';
import { cpus, loadavg, platform, release, totalmem } from 'node:os';

/** Above it, others take part in what is measured. */
export const QUIET_LOAD_MAX = 0.7;
/** Cores in use while nothing of ours has anything to do; workers and their stores take a few hundredths. */
export const QUIET_BUSY_MAX = 0.2;

const BUSY_SAMPLE_MS = 500;
/** Of Linux' clock ticks; it has been this for as long as there is /proc. */
const MICROSECONDS_PER_TICK = 10_000;

/** User and system time so far; null where nobody says so. */
export function cpuMicroseconds(pid: number): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) * MICROSECONDS_PER_TICK;
  } catch {
    return null;
  }
}

/** It and those that it has started; it alone where this system does not say who they are. */
export function familyOf(pid: number): number[] {
  try {
    const tasks = readdirSync(`/proc/${pid}/task`);
    const started = tasks.map((task) => readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8'));
    return [pid, ...(started.join(' ').match(/\d+/g) ?? []).map(Number)];
  } catch {
    return [pid];
  }
}

/** Cores that anybody uses, taken while we do nothing. */
async function busyCores(): Promise<number> {
  const before = coreTimes();
  await Bun.sleep(BUSY_SAMPLE_MS);
  const after = coreTimes();
  const all = after.all - before.all;
  return all > 0 ? (cpus().length * (after.busy - before.busy)) / all : 0;
}

function coreTimes(): { all: number; busy: number } {
  const times = cpus().map((core) => core.times);
  const all = times.reduce((sum, { user, nice, sys, idle, irq }) => sum + user + nice + sys + idle + irq, 0);
  return { all, busy: all - times.reduce((sum, { idle }) => sum + idle, 0) };
}

export interface Calm {
  readonly load: number;
  readonly busy: number;
}

export async function calm(): Promise<Calm> {
  return { load: loadavg()[0] ?? 0, busy: await busyCores() };
}

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly system: string;
  readonly loadBefore: number;
}

export function describeMachine(): Machine {
  const cores = cpus();
  return {
    cpu: cores[0]?.model.trim() ?? 'unknown',
    cores: cores.length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: `${platform()} ${release()}`,
    loadBefore: loadavg()[0] ?? 0,
  };
}
