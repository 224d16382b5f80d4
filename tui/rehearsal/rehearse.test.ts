import { afterAll, beforeAll, expect, test } from 'bun:test';
import { BOOTSTRAP_TOKEN, createWorld, type World } from '@flash-sale/api/test/world.ts';
import { connectApi } from '../api.ts';
import type { Progress } from './progress.ts';
import { rehearse } from './rehearse.ts';

const SECRET = 'whsec_cmVoZWFyc2FscyBzaWduIGxpa2UgcHJvdmlkZXJzIGRv';
let world: World;
beforeAll(async () => {
  world = await createWorld({ workers: true, env: { WEBHOOK_SECRET: SECRET } });
});
afterAll(() => world.close());

const UNITS = 20;

function run(onProgress: (progress: Progress) => void = () => {}, signal = new AbortController().signal) {
  const { url, opsUrl } = world.listening;
  const options = {
    api: connectApi(new URL(opsUrl).origin, BOOTSTRAP_TOKEN),
    apiUrl: new URL(url).origin,
    secret: SECRET,
    buyers: 200,
    units: UNITS,
    lengthMs: 4_000,
    connections: 100,
    seed: 20_261_126,
  };
  return rehearse(options, onProgress, signal);
}

test('a rehearsal ends with every unit sold once, and passes', async () => {
  const report = await run();
  expect(report.checks.filter(({ passed }) => !passed)).toEqual([]);
}, 60_000);
