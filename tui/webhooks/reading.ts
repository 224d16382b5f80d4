/** Reads what the room shows: the inbox, replays, and the row that is open. */

import type { DeliveryFilter } from '@flash-sale/shared/contracts/webhook.ts';
import { PAGE_ROWS_MAX } from '@flash-sale/shared/limits.ts';
import { answerOf, type Answer } from '../api.ts';
import type { Desk } from '../desk.ts';
import { serverList, type Source } from '../list/server-list.ts';
import { latestRead } from '../rooms/latest-read.ts';
import { queryOf } from './inbox-query.ts';
import {
  again,
  laterOf,
  looksOf,
  withRows,
  type InboxRow,
  type Opened,
  type ReplayItems,
  type WebhooksSlice,
} from './webhooks-slice.ts';

/** Of what is parked or only recorded nobody is told. */
const POLLED_EVERY_MS = 3_000;
/** A row that the cursor only passes is not read. */
const PASSING_MS = 100;
/** Deliveries that are read again one by one. */
const ROWS_AT_ONCE = 10;
/** Results of a replay that are shown; the rest is in its numbers. */
const ITEM_PAGES_SHOWN = 5;

const inboxSource: Source<InboxRow, DeliveryFilter> = {
  name: 'webhooks.webhooks',
  of: ({ webhooks }) => webhooks.inbox,
  put: (state, inbox) => ({ ...state, webhooks: { ...state.webhooks, inbox } }),
  queryOf: (filter) => queryOf(filter).asks,
  async page({ api }, query) {
    const answer = await answerOf(api.webhooks.get({ query }));
    const { q: foundBy } = query;
    if (!answer.ok || foundBy === undefined) return answer;
    return {
      ...answer,
      data: { ...answer.data, items: answer.data.items.map((row) => ({ ...row, foundBy })) },
    };
  },
  idOf: ({ id }) => String(id),
  compare: (one, other) => other.id - one.id,
  later: laterOf,
};

export const inbox = serverList(inboxSource);

export async function readWebhooks(desk: Desk): Promise<void> {
  update(desk, ({ delivery, replay }) => ({ delivery: again(delivery), replay: again(replay) }));
  await Promise.all([inbox.read(desk), readReplays(desk)]);
}

/** Once a second, while it is shown. */
export function readOnWhatIsOld(desk: Desk): void {
  const { room, link, webhooks } = desk.store.get();
  if (room !== 'webhooks' || link.kind !== 'live') return;
  const nowMs = performance.now();
  if (webhooks.inbox.behind === 'no' && nowMs - webhooks.polledAtMs >= POLLED_EVERY_MS) {
    update(desk, (slice) => ({ polledAtMs: nowMs, inbox: { ...slice.inbox, behind: 'new' } }));
  }
  if (webhooks.areReplaysOld) void readReplays(desk);
  if (webhooks.changed.size > 0) void readChanged(desk);
}

const beginReplays = latestRead();

async function readReplays(desk: Desk): Promise<void> {
  const isLatest = beginReplays(desk.store);
  update(desk, () => ({ areReplaysOld: false }));
  const answer = await answerOf(desk.api.webhooks.replays.get({ query: { limit: '100' } }));
  if (!isLatest()) return;
  update(desk, () =>
    answer.ok
      ? { replays: answer.data.items, replaysFault: '' }
      : { replaysFault: answer.message, areReplaysOld: true },
  );
}

/** However far down they are. */
async function readChanged(desk: Desk): Promise<void> {
  const ids = [...desk.store.get().webhooks.changed];
  update(desk, () => ({ changed: new Set(ids.slice(ROWS_AT_ONCE)) }));
  const answers = await Promise.all(
    ids.slice(0, ROWS_AT_ONCE).map((id) => answerOf(desk.api.webhooks({ id }).get())),
  );
  const rows = answers.flatMap((answer) => (answer.ok ? [answer.data] : []));
  update(desk, (slice) => ({ inbox: withRows(slice.inbox, rows) }));
}

export function openDelivery(desk: Desk, row: InboxRow): Promise<void> {
  const { id } = row;
  return open(desk, { id, seen: looksOf(row) }, 'delivery', () => answerOf(desk.api.webhooks({ id }).get()));
}

export function openReplay(desk: Desk, replay: WebhooksSlice['replays'][number]): Promise<void> {
  const { id, state, done } = replay;
  return open(desk, { id, seen: `${state} ${done}` }, 'replay', () => readItems(desk, id, ITEM_PAGES_SHOWN));
}

interface Openable {
  readonly delivery: NonNullable<NonNullable<WebhooksSlice['delivery']>['what']>;
  readonly replay: ReplayItems;
}

async function open<Key extends keyof Openable>(
  desk: Desk,
  { id, seen }: { readonly id: number; readonly seen: string },
  key: Key,
  read: () => Promise<Answer<Openable[Key]>>,
): Promise<void> {
  const before = desk.store.get().webhooks[key];
  if (before?.id === id && before.seen === seen) return;
  const known = before?.id === id ? before.what : null;
  const opened: Opened<unknown> = { id, seen, what: known, fault: '' };
  update(desk, () => ({ [key]: opened }));
  if (known === null) await Bun.sleep(PASSING_MS);
  if (desk.store.get().webhooks[key] !== opened) return;
  const answer = await read();
  update(desk, (slice) => {
    if (slice[key] !== opened) return {};
    return { [key]: answer.ok ? { ...opened, what: answer.data } : { ...opened, fault: answer.message } };
  });
}

/** In the order in which they are carried out. */
export async function readItems(desk: Desk, id: number, pagesMax: number): Promise<Answer<ReplayItems>> {
  const items: ReplayItems['items'][number][] = [];
  let cursor: string | null = null;
  for (let page = 1; ; page += 1) {
    const query: { limit: string; cursor?: string } = { limit: String(PAGE_ROWS_MAX) };
    if (cursor !== null) query.cursor = cursor;
    const answer = await answerOf(desk.api.webhooks.replays({ id }).items.get({ query }));
    if (!answer.ok) return answer;
    items.push(...answer.data.items);
    cursor = answer.data.next_cursor;
    if (cursor === null || page === pagesMax) {
      return { ...answer, data: { items, hasMore: cursor !== null } };
    }
  }
}

function update({ store }: Desk, change: (slice: WebhooksSlice) => Partial<WebhooksSlice>): void {
  store.set((state) => ({ ...state, webhooks: { ...state.webhooks, ...change(state.webhooks) } }));
}
