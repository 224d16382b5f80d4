import { Elysia, t } from 'elysia';
import {
  EVENT_TYPES,
  OperatorsEvent,
  type AnyEvent,
  type EventType,
} from '@flash-sale/shared/contracts/event.ts';
import { EVENTS_CONSUMERS_MAX, EVENTS_HEARTBEAT_MS, EVENTS_STUCK_S } from '@flash-sale/shared/limits.ts';
import { documented } from '../http/documented.ts';
import { invalidRequest } from '../http/failures.ts';
import { isStillWelcome } from '../http/operator.ts';
import { fail } from '../http/reply.ts';
import type { Services } from '../services.ts';
import { feedOf, type Wish } from './feed.ts';
import { parseId, type Place } from './position.ts';

/** Given once with commas, or several times. */
const several = (description: string, example: string) =>
  t.Optional(t.Union([t.String(), t.Array(t.String())], { description, examples: [example] }));

export function eventRoutes(services: Services) {
  return new Elysia().get(
    '/ops/events',
    async ({ headers, query, request, server, set }) => {
      const feed = feedOf(services);
      const { after, isWanted } = readQuery(query, query.last_event_id ?? headers['last-event-id']);
      if (feed.consumers >= EVENTS_CONSUMERS_MAX) {
        return fail(set, 'unavailable', 'Too many are listening to this process.', { retryAfterS: 10 });
      }
      const begin = await feed.beginAfter(after);
      // Heartbeats keep it open; whoever does not even take those is gone.
      server?.timeout(request, EVENTS_STUCK_S);
      set.headers['content-type'] = 'text/event-stream';
      return chunks(feed.follow({ begin, isWanted }, request.signal), () =>
        isStillWelcome(services, request),
      );
    },
    {
      query: t.Object({
        sale: several('Only of these sales.', '1'),
        types: several('Only of these types, or of all that begin with such a word.', 'hold.placed,order'),
        last_event_id: t.Optional(
          t.String({ description: 'As the header.', examples: ['1795770000000-1-0-0.3cbc13b6'] }),
        ),
      }),
      ...documented({
        summary: 'What happens, as server-sent events',
        tag: 'Events',
        success: { 200: OperatorsEvent },
        isStream: true,
        failures: ['bad_request', 'unavailable'],
        isForOperators: true,
        headers: { 'Last-Event-ID': 'Goes on after this event; `last_event_id` in the query does the same.' },
      }),
    },
  );
}

interface Query {
  readonly sale?: string | string[] | undefined;
  readonly types?: string | string[] | undefined;
}

/** @throws RequestFault */
function readQuery(
  query: Query,
  lastId: string | undefined,
): Pick<Wish, 'isWanted'> & { readonly after: Place | null } {
  const after = lastId === undefined || lastId === '' ? null : parseId(lastId);
  const errors: Record<string, string[]> = {};
  if (lastId && after === null) errors['last_event_id'] = ['must be the id of an event of this stream'];
  const sales = new Set(listOf(query.sale));
  if ([...sales].some((id) => !/^[1-9]\d{0,9}$/.test(id))) {
    errors['sale'] = ['must be ids of sales, separated by commas'];
  }
  const types = new Set(listOf(query.types));
  const unknown = [...types].filter((type) => !KNOWN.has(type));
  if (unknown.length > 0) errors['types'] = [`must be among ${[...KNOWN].join(', ')}`];
  if (Object.keys(errors).length > 0) {
    throw invalidRequest(errors);
  }
  if (sales.size === 0 && types.size === 0) return { after, isWanted: null };
  return { after, isWanted: (event) => isOf(sales, event) && isOneOf(types, event) };
}

/** Given several times, or once with commas. */
function listOf(given: string | string[] | undefined): string[] {
  return [given ?? []].flat().flatMap((text) => text.split(',').filter(Boolean));
}

const familyOf = (type: string): string => type.split('.')[0] ?? '';
/** `order` is all of `order.paid`, `order.expired` and so on. */
const KNOWN = new Set<string>([...EVENT_TYPES, ...EVENT_TYPES.map(familyOf)]);
const TYPES: ReadonlySet<string> = new Set<EventType>(EVENT_TYPES);

function isOf(sales: ReadonlySet<string>, event: AnyEvent): boolean {
  return sales.size === 0 || ('sale_id' in event && sales.has(String(event.sale_id)));
}

/** What is about the stream itself is for everybody. */
function isOneOf(types: ReadonlySet<string>, { type }: AnyEvent): boolean {
  return types.size === 0 || !TYPES.has(type) || types.has(type) || types.has(familyOf(type));
}

/**
 * Elysia sends whatever can say itself what it is as a server-sent event. Somebody who listens may be told to go: a
 * heartbeat comes at least this often, so it is seen in time.
 */
async function* chunks(texts: AsyncGenerator<string>, isWelcome: () => Promise<boolean>) {
  let askedAtMs = performance.now();
  for await (const text of texts) {
    if (performance.now() - askedAtMs >= EVENTS_HEARTBEAT_MS) {
      if (!(await isWelcome())) return;
      askedAtMs = performance.now();
    }
    yield { sse: true, toSSE: () => text };
  }
}
