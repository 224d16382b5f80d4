/** What happens, as it happens. */

import { EVENT_TYPES, OperatorsEvent } from '@flash-sale/shared/contracts/event.ts';
import type { FollowedEvent } from '../connection/events.ts';
import { timeOfDay } from '../look/format.ts';
import { command } from './command.ts';
import { EXIT } from './exit-codes.ts';
import { fieldsOf } from './fields.ts';
import { follow } from './following.ts';
import type { Shape } from './output.ts';
import { integer, many, type Taken } from './taken.ts';

export const EVENT: Shape<FollowedEvent> = {
  id: 'type',
  fields: fieldsOf(OperatorsEvent),
  columns: [
    { field: 'at', title: 'Time', cell: ({ at }) => timeOfDay(Date.parse(at)) },
    { field: 'type', title: 'Event' },
    { field: 'sale_id', title: 'Sale', align: 'right' },
    { field: 'what', title: 'What', cell: whatOf },
  ],
};

/** "hold_id 0000… quantity 2" */
function whatOf(event: FollowedEvent): string {
  return Object.entries(event)
    .filter(([name, value]) => !['at', 'type', 'sale_id'].includes(name) && value !== null)
    .map(([name, value]) => `${name} ${String(value)}`)
    .join(', ');
}

const GROUPS = [...new Set(EVENT_TYPES.map((type) => type.split('.')[0] ?? type))];
const TYPE_WORDS: readonly string[] = [...GROUPS, ...EVENT_TYPES];

const types = (says: string): Taken<readonly string[], 'many'> => ({
  kind: 'many',
  name: 'TYPES',
  says: `${says}, such as order,hold.placed`,
  expected: `of ${TYPE_WORDS.join(', ')}, with commas between them`,
  parse(written) {
    const words = written.split(',');
    return words.every((word) => TYPE_WORDS.includes(word)) ? words : undefined;
  },
});

interface Wanted {
  /** Of all when empty. */
  readonly sales: readonly number[];
  /** Whole, or before the dot; all when empty. */
  readonly types: readonly string[];
}

/** Those about the stream itself are not, but for a gap: what is missing concerns everybody. */
export function eventsMatching({ sales, types: wanted }: Wanted): (event: FollowedEvent) => boolean {
  return (event) => {
    if (event.type === 'gap') return true;
    if (event.type === 'ready' || event.type === 'heartbeat' || event.type === 'dropped') return false;
    const isOfSale = sales.length === 0 || (event.sale_id !== null && sales.includes(event.sale_id));
    return isOfSale && (wanted.length === 0 || isOf(event, wanted));
  };
}

function isOf({ type }: FollowedEvent, wanted: readonly string[]): boolean {
  return wanted.includes(type) || wanted.includes(type.split('.')[0] ?? '');
}

export const EVENT_COMMANDS = [
  command({
    words: 'events tail',
    summary: 'What happens from now on, until it is stopped; after a cut it goes on where it was',
    does: 'looks',
    isStream: true,
    shape: EVENT,
    flags: {
      types: types('only these, or all that begin so'),
      sale: many(integer('SALE', 'only of this sale')),
      'exit-on': types('end with 0 once one of these was shown'),
    },
    run(at) {
      const isWanted = eventsMatching({ sales: at.flags.sale, types: at.flags.types.flat() });
      const last = at.flags['exit-on'].flat();
      return follow(at, (events) => {
        for (const event of events) {
          if (!isWanted(event)) continue;
          at.out.next(event);
          if (isOf(event, last)) return EXIT.ok;
        }
        return null;
      });
    },
  }),
];
