/** As many requests as so many connections can make, for a while. */

import { installed } from '../../test/installed.ts';
import { ownLoad } from './own.ts';
import type { Load, Loaded } from './requests.ts';
import { wrk } from './wrk.ts';

/** @returns what makes the load, in a few words; wrk is installed first where it is missing and we may do that */
export async function chooseLoad(): Promise<string> {
  await installed('wrk', 'wrk').catch(() => {});
  return hasWrk() ? 'wrk' : OWN;
}

const OWN =
  'an own client, because wrk is missing: it takes more CPU than what it measures, so that ratios are nearer to 1';

const hasWrk = (): boolean => Bun.which('wrk') !== null;

export function load(what: Load): Promise<Loaded> {
  return hasWrk() ? wrk(what) : ownLoad(what);
}
