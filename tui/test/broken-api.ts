/** An API with one of its guards taken out, beside the right one of a world and on the same stores. */

import { mutantRedis } from '@flash-sale/api/test/properties/mutant-redis.ts';
import { SCRIPT_MUTANTS } from '@flash-sale/api/test/properties/script-mutants.ts';
import type { World } from '@flash-sale/api/test/world.ts';
import { listen, type Listening } from '@flash-sale/api/server.ts';
import { startWorkers } from '@flash-sale/api/workers/workers.ts';

/** @param loses which guard, as `SCRIPT_MUTANTS` has it */
export async function breakApi(world: World, loses: string): Promise<Listening> {
  const cut = SCRIPT_MUTANTS.find((mutant) => mutant.loses === loses);
  if (cut === undefined) throw new Error(`there is no mutant that loses ${loses}`);
  const own = await world.another();
  const services = { ...own, redis: mutantRedis(own.redis, cut).redis };
  const listening = listen(services);
  const workers = startWorkers(services);
  return {
    ...listening,
    async stop() {
      await listening.stop();
      await workers.stop();
    },
  };
}
