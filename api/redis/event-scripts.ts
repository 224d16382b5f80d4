/** Writing to the streams of events. Sales' own changes are written by the scripts that make them. */

import appendEventsLua from '@flash-sale/lua/append_events.lua' with { type: 'text' };
import { EVENTS_KEPT_MAX } from '@flash-sale/shared/limits.ts';
import { eventsKey, NO_SALE } from './keys.ts';
import { defineScript, NOT_ARMED, runScript } from './script.ts';
import { onShard, type RedisClient } from './shards.ts';

const appendEventsScript = defineScript('append_events', appendEventsLua, ['not_armed', 'appended']);

export async function appendEvents(redis: RedisClient, saleId: number, events: readonly string[]) {
  const [kind] = await runScript(redis, appendEventsScript, saleId, [...events]);
  return kind === 'not_armed' ? NOT_ARMED : { kind };
}

/** For what belongs to no sale that Redis serves. `sale`: from now on there is a stream of this sale. */
export async function appendGeneral(
  redis: RedisClient,
  field: 'event' | 'sale',
  value: string,
): Promise<void> {
  const bound = ['MAXLEN', '~', EVENTS_KEPT_MAX];
  await onShard(redis, NO_SALE, (shard) =>
    shard.call('XADD', [eventsKey(NO_SALE), ...bound, '*', field, value]),
  );
}
