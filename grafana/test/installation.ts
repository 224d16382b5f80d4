/** A whole installation in small: stores with their exporters, an API, its proxy, a worker, and the Prometheus that watches them. */

import { startApi } from '@flash-sale/api/test/api-process.ts';
import { freePort } from '@flash-sale/api/test/free-port.ts';
import { startProxy } from '@flash-sale/api/test/proxy.ts';
import { until } from '@flash-sale/api/test/until.ts';
import { BOOTSTRAP_TOKEN, createWorld } from '@flash-sale/api/test/world.ts';
import { connectApi } from '@flash-sale/tui/api.ts';
import { rehearse } from '@flash-sale/tui/rehearsal/rehearse.ts';
import type { RehearsalOptions } from '@flash-sale/tui/rehearsal/run.ts';
import { startMysqlExporter, startRedisExporter } from './exporters.ts';
import { startPrometheus } from './prometheus.ts';

const SECRET = 'whsec_cmVoZWFyc2FscyBzaWduIGxpa2UgcHJvdmlkZXJzIGRv';

/** Prometheus takes five seconds to find its targets, and more on a busy machine. */
const SCRAPED_MS = 30_000;

const portOf = (url: string) => Number(new URL(url).port);

export type Installation = Awaited<ReturnType<typeof startInstallation>>;

export async function startInstallation() {
  const world = await createWorld();
  const env = { WEBHOOK_SECRET: SECRET };
  // The exporter is told by Prometheus which Redis it is to ask, by host and port.
  const redisPort = freePort();
  await world.services.redis.config('SET', 'port', String(redisPort));
  const [api, worker, redis, mysql] = await Promise.all([
    startApi(world, { env }),
    startApi(world, { env, script: 'worker.ts' }),
    startRedisExporter(),
    startMysqlExporter(world),
  ]);
  const proxy = await startProxy(['127.0.0.1'], {
    public: portOf(api.listening.url),
    ops: portOf(api.listening.opsUrl),
  });
  const targetOf = ({ listening }: typeof api) => new URL(listening.opsUrl).host;
  const prometheus = await startPrometheus(
    {
      api: [targetOf(api)],
      worker: [targetOf(worker)],
      proxy: [proxy.metrics],
      redis: [`127.0.0.1:${redisPort}`],
      mysql: [mysql.address],
    },
    redis.address,
  );
  // What is not scraped from the beginning would have no beginning. The exporters have time until their second scrape.
  await until(async () => {
    const targets = await prometheus.targets();
    return ['api', 'worker'].every((name) =>
      targets.some(({ labels, health }) => labels.job === name && health === 'up'),
    );
  }, SCRAPED_MS);
  return {
    world,
    prometheus,
    rehearse: (crowd: Pick<RehearsalOptions, 'buyers' | 'units' | 'lengthMs'>) =>
      rehearse(
        {
          ...crowd,
          api: connectApi(new URL(api.listening.opsUrl).origin, BOOTSTRAP_TOKEN),
          apiUrl: new URL(api.listening.url).origin,
          secret: SECRET,
          connections: 100,
          seed: 20_261_126,
        },
        () => {},
        new AbortController().signal,
      ),
    async close(): Promise<void> {
      await Promise.all([prometheus, redis, mysql].map((server) => server.stop()));
      await Promise.all([api, worker, proxy].map(({ listening }) => listening.stop()));
      await world.close();
    },
  };
}
