/** How contended the machine is: figures of a busy one are no figures of ours alone. */

import { existsSync, readFileSync } from 'node:fs';

const FILE = '/proc/pressure/cpu';

/** Linux' pressure stall information: per cent of the last 10 s in which something that could run had to wait. */
export function readCpuPressure(): number | null {
  if (!existsSync(FILE)) return null;
  const avg10 = /^some avg10=([\d.]+)/.exec(readFileSync(FILE, 'utf8'))?.[1];
  return avg10 === undefined ? null : Number(avg10);
}
