/** Whether the stores are well, on one look. */

import type { Row } from '../board.ts';
import { BAD, GOOD, LOOK } from '../palette.ts';
import { noneOr, NOT_KNOWN, stat } from '../panels.ts';
import { INSTANCE } from './scraped.ts';

const DOWN_OR_UP = [
  { from: 0, text: 'DOWN', colour: BAD },
  { from: 1, text: 'UP', colour: GOOD },
];

const NO_EXPORTER = { text: 'NO EXPORTER', colour: LOOK };

export const well: Row = {
  title: 'Are they well?',
  height: 4,
  panels: [
    stat({
      title: 'Do they answer?',
      description:
        'Whether each store answers every process of ours. DOWN: buyers are told to come again, nothing is lost; start the store, and the sale is armed by itself.',
      unit: 'short',
      width: 5,
      show: { '{{store}}': `min by (store) (flashsale_store_up{${INSTANCE}})` },
      words: DOWN_OR_UP,
      absent: NOT_KNOWN,
    }),
    stat({
      title: 'Do their exporters?',
      description:
        'Whether the exporters reach their stores, for the second half of this board. DOWN while the store answers our processes: look at the password of the exporter.',
      unit: 'short',
      width: 5,
      show: { redis: 'min(redis_up)', sql: 'min(mysql_up)' },
      words: DOWN_OR_UP,
      absent: NO_EXPORTER,
    }),
    stat({
      title: 'Redis writes its log',
      description:
        'Whether the last write to the append-only file went well. FAILED: the disk is full or broken, and a crash now would lose holds; make room at once.',
      unit: 'short',
      width: 4,
      show: { 'last write': 'min(redis_aof_last_write_status)' },
      words: [
        { from: 0, text: 'FAILED', colour: BAD },
        { from: 1, text: 'YES', colour: GOOD },
      ],
      absent: NO_EXPORTER,
    }),
    stat({
      title: 'Keys evicted',
      description:
        'Keys that Redis threw away for lack of memory since it started. Always 0: an evicted key is a lost hold. Set maxmemory-policy to noeviction.',
      unit: 'short',
      width: 3,
      show: { evicted: 'sum(redis_evicted_keys_total)' },
      levels: noneOr(BAD),
      absent: NO_EXPORTER,
    }),
    stat({
      title: 'Clocks apart',
      description:
        "How far Redis' clock and SQL's are apart. Milliseconds are normal; beyond 5 s no sale is armed: mend the clocks (NTP).",
      unit: 's',
      width: 3,
      show: { skew: 'max(abs(flashsale_clock_skew_seconds))' },
      levels: [
        [null, GOOD],
        [1, LOOK],
        [5, BAD],
      ],
      absent: NOT_KNOWN,
    }),
    stat({
      title: 'Holds lost',
      description:
        'Buyers told that their hold was lost with data of Redis, and holds that SQL refused to turn into orders after that, since the processes started. 0 unless Redis lost data; nothing is oversold by it.',
      unit: 'short',
      width: 4,
      show: {
        lost: 'sum(flashsale_holds_lost_total)',
        'refused by SQL': 'sum(flashsale_sql_gate_refusals_total)',
      },
      levels: noneOr(LOOK),
    }),
  ],
};
