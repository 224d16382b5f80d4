/** What is known of the inbox and of replays, and what has to be read again. */

import type { AnyEvent } from '@flash-sale/shared/contracts/event.ts';
import type {
  DeliveryRow,
  DeliveryView,
  ReplayItemView,
  ReplayView,
} from '@flash-sale/shared/contracts/webhook.ts';
import { NOT_READ, type ServerList } from '../list/pages.ts';

export interface InboxRow extends DeliveryRow {
  /** The text for which the API found it: it may stand in something that a row does not show. */
  readonly foundBy?: string;
}

/** The row that is looked at, with what only its own page tells. */
export interface Opened<What> {
  readonly id: number;
  /** As the list had the row when it was read: it is read again when the row is another one. */
  readonly seen: string;
  /** Null until it is read. */
  readonly what: What | null;
  readonly fault: string;
}

export interface ReplayItems {
  readonly items: readonly ReplayItemView[];
  readonly hasMore: boolean;
}

export interface WebhooksSlice {
  readonly inbox: ServerList<InboxRow>;
  /** Newest first. */
  readonly replays: readonly ReplayView[];
  readonly areReplaysOld: boolean;
  /** Why replays could not be read; empty when they could. */
  readonly replaysFault: string;
  readonly delivery: Opened<DeliveryView> | null;
  readonly replay: Opened<ReplayItems> | null;
  /** Payloads as they were received, instead of laid out. */
  readonly isRaw: boolean;
  /** Deliveries that are not what they were. */
  readonly changed: ReadonlySet<number>;
  /** When the newest were asked for although nothing was told, by `performance.now()`. */
  readonly polledAtMs: number;
}

export const NO_WEBHOOKS: WebhooksSlice = {
  inbox: NOT_READ,
  replays: [],
  areReplaysOld: false,
  replaysFault: '',
  delivery: null,
  replay: null,
  isRaw: false,
  changed: new Set(),
  polledAtMs: 0,
};

/** What makes the page of a delivery another one. */
export function looksOf({ state, outcome, attempts, received_count: sent }: DeliveryRow): string {
  return [state, outcome, attempts, sent].join(' ');
}

/** Of two looks at a delivery the later one; the same object while it is the same. */
export function laterOf(known: InboxRow, read: InboxRow): InboxRow {
  const later = read.attempts + read.received_count >= known.attempts + known.received_count ? read : known;
  const foundBy = read.foundBy ?? known.foundBy;
  if (looksOf(later) === looksOf(known) && foundBy === known.foundBy) return known;
  return foundBy === undefined ? later : { ...later, foundBy };
}

/** Rows that were read one by one, in the place of what they were. */
export function withRows(list: ServerList<InboxRow>, rows: readonly InboxRow[]): ServerList<InboxRow> {
  if (rows.length === 0) return list;
  const byId = new Map(rows.map((row) => [row.id, row]));
  const put = <Part extends { readonly rows: readonly InboxRow[] }>(part: Part): Part => ({
    ...part,
    rows: part.rows.map((row) => laterOf(row, byId.get(row.id) ?? row)),
  });
  return { ...list, newest: put(list.newest), found: list.found === null ? null : put(list.found) };
}

/** The same slice when nothing is about webhooks. */
export function withEvents(slice: WebhooksSlice, events: readonly AnyEvent[]): WebhooksSlice {
  const told = events.flatMap((event) => ('delivery_id' in event ? [event.delivery_id] : []));
  // A replay may have been of the one that is looked at.
  const isReplayed = events.some(({ type }) => type === 'replay.progress');
  if (isReplayed && slice.delivery !== null) told.push(slice.delivery.id);
  return withChanged(events.reduce(withEvent, slice), told);
}

function withEvent(slice: WebhooksSlice, event: AnyEvent): WebhooksSlice {
  if (event.type === 'gap' || event.type === 'dropped') {
    const opened = { delivery: again(slice.delivery), replay: again(slice.replay) };
    return { ...asOld(slice, 'lost'), ...opened, areReplaysOld: true };
  }
  if (event.type === 'replay.progress') {
    const { replay_id: id, state, done, total } = event;
    const replays = slice.replays.map((replay) =>
      replay.id === id ? { ...replay, state, done, total } : replay,
    );
    return { ...asOld(slice), replays, areReplaysOld: true };
  }
  if (!('order_id' in event)) return slice;
  const isOfOpened = event.order_id !== null && event.order_id === slice.delivery?.what?.order?.order_id;
  return asOld(isOfOpened ? { ...slice, delivery: again(slice.delivery) } : slice);
}

/** Of what was not read nothing has to be read again. */
function withChanged(slice: WebhooksSlice, told: readonly number[]): WebhooksSlice {
  if (told.length === 0) return slice;
  const { newest, found } = slice.inbox;
  const known = new Set([...newest.rows, ...(found?.rows ?? [])].map(({ id }) => id));
  const changed = told.filter((id) => known.has(id));
  return changed.length === 0 ? slice : { ...slice, changed: new Set([...slice.changed, ...changed]) };
}

function asOld(slice: WebhooksSlice, behind: 'new' | 'lost' = 'new'): WebhooksSlice {
  return slice.inbox.behind === 'no' || behind === 'lost'
    ? { ...slice, inbox: { ...slice.inbox, behind } }
    : slice;
}

/** It is shown on, and read again. */
export function again<What>(opened: Opened<What> | null): Opened<What> | null {
  return opened === null ? null : { ...opened, seen: '' };
}

export function runningReplays({ replays }: WebhooksSlice): readonly ReplayView[] {
  return replays.filter(({ state }) => state === 'running');
}
