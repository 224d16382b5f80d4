/** The doctor at an API of a test. */

import { expect } from 'bun:test';
import { ops } from '@flash-sale/api/test/client.ts';
import { until } from '@flash-sale/api/test/until.ts';
import { BOOTSTRAP_TOKEN, type World } from '@flash-sale/api/test/world.ts';
import { readSettings, type Settings } from '../config.ts';
import type { Check } from '../doctor/check.ts';
import { examine } from '../doctor/doctor.ts';

/** The stream has something to tell at once: a heartbeat takes five seconds. */
export async function whileSomethingHappens<Seen>(
  world: Pick<World, 'listening'>,
  look: () => Promise<Seen>,
): Promise<Seen> {
  const product = { name: 'Lamp', price: 1, currency: 'EUR' };
  const happening = setInterval(() => void ops(world, 'POST', '/ops/products', product), 100);
  try {
    return await look();
  } finally {
    clearInterval(happening);
  }
}

/** @param home of the operator: a folder of the test's own */
export function doctorAt(home: string) {
  /** All of them, or those until the one with that name. What is not right comes with a fix. */
  async function checksOf(settings: Settings, { upTo = '', isDeep = false } = {}): Promise<Check[]> {
    const checks: Check[] = [];
    for await (const check of examine({ settings, isDeep })) {
      expect([check, check.fix !== null]).toEqual([check, check.verdict !== 'ok']);
      checks.push(check);
      if (check.name === upTo) break;
    }
    return checks;
  }

  async function look(name: string, settings: Settings): Promise<Check | undefined> {
    return (await checksOf(settings, { upTo: name })).find((check) => check.name === name);
  }

  return {
    checksOf,
    look,
    settingsFor: (url: string, token = BOOTSTRAP_TOKEN): Settings => {
      const environment = { FLASHSALE_URL: url, OPERATOR_TOKEN: token, HOME: home, TERM: 'xterm' };
      const read = readSettings([], environment);
      if (read.kind !== 'settings') throw new Error(JSON.stringify(read));
      return read.settings;
    },
    /** What the API tells of itself is a moment old. */
    untilIt: (name: string, verdict: Check['verdict'], settings: Settings) =>
      until(async () => {
        const check = await look(name, settings);
        return check?.verdict === verdict && check;
      }),
  };
}
