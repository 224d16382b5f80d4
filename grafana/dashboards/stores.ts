/** Board C: Redis and SQL, as our processes see them and as they see themselves. */

import { board } from './board.ts';
import { between } from './stores/between.ts';
import { redisItself, redisSeen } from './stores/redis.ts';
import { sqlItself, sqlSeen } from './stores/sql.ts';
import { well } from './stores/well.ts';

export const stores = board({
  uid: 'flashsale-stores',
  description:
    'Redis and SQL: as our processes see them, as they see themselves, and what lies between them.',
  variables: ['instance'],
  since: 'now-15m',
  refresh: '10s',
  rows: [well, redisSeen, redisItself, sqlSeen, sqlItself, between],
});
