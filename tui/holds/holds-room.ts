/** The holds of one sale as they come and go, the next to expire first. */

import type { AnyEvent } from '@flash-sale/shared/contracts/event.ts';
import { HOLDS_SHOWN_MAX } from '@flash-sale/shared/terminal-limits.ts';
import { answerOf } from '../api.ts';
import type { Desk } from '../desk.ts';
import { NEW_LIST } from '../list/list-state.ts';
import { count, counted, wholeTimeLeft } from '../look/format.ts';
import { safe } from '../look/text.ts';
import type { Room, View } from '../rooms/room.ts';
import { saleName } from '../sales/sale-row.ts';
import { isFresh, type State } from '../state/state.ts';
import { HOLD_COLUMNS } from './hold-columns.ts';
import { detailLines } from './hold-detail.ts';
import { lanesAbove, livingOf } from './hold-lanes.ts';
import type { HoldRow } from './hold-row.ts';
import {
  beginRead,
  countHolds,
  endRead,
  failRead,
  hear,
  readPage,
  settle,
  type HoldsSlice,
} from './holds-slice.ts';
import { stepOf } from './time-left.ts';
import { watchedSale } from './watched-sale.ts';

const known = new WeakMap<HoldsSlice['places'], readonly string[]>();

/** The places stay the same for a second, while the rows are others ten times. */
function idsOf(places: HoldsSlice['places']): readonly string[] {
  const ids = known.get(places) ?? [...places.keys()];
  known.set(places, ids);
  return ids;
}

export const holdsView: View<HoldRow> = {
  name: 'holds',
  title: 'Holds',
  rows: ({ holds }) => holds.rows,
  idOf: ({ id }) => id,
  ids: ({ holds }) => idsOf(holds.places),
  columns: HOLD_COLUMNS,
  fields: ({ id, buyer, quantity, state }) => ({
    hold: id,
    buyer: buyer ?? '',
    units: String(quantity),
    state,
  }),
  above: lanesAbove,
  detail: detailLines,
  copies: (row, { context, holds }) => [
    { what: 'id', text: row.id },
    { what: 'JSON', text: JSON.stringify(jsonOf(row, holds.saleId), null, 2) },
    { what: 'curl', text: curlOf(row, context.url) },
    ...(row.buyer === null ? [] : [{ what: 'buyer', text: row.buyer }]),
  ],
  empty: whyEmpty,
  sentence: ({ nowMs }, row) => {
    const end =
      row.state === 'held' ? `expires in ${wholeTimeLeft(row.deadlineMs - nowMs)}` : `is ${row.state}`;
    const buyer = row.buyer === null ? '' : ` of ${safe(row.buyer)}`;
    return `hold ${row.id}${buyer}, ${counted(row.quantity, 'unit')}, ${end}`;
  },
};

export const holdsRoom: Room = {
  name: 'holds',
  title: 'Holds',
  views: [holdsView],
  badge({ holds }) {
    const { held, pinned } = livingOf(holds.rows);
    return holds.isRead ? count(held + pinned) : '';
  },
  read: readHolds,
  heard(desk, events) {
    const { nowMs } = desk.frame();
    change(desk, (slice) => hear(slice, events, nowMs));
    const { saleId } = desk.store.get().holds;
    if (events.some((event) => isUnsure(event, saleId))) void readHolds(desk);
  },
  turn(desk) {
    change(desk, (slice) => slice);
    const { holds } = desk.store.get();
    const sale = watchedSale(desk.store.get());
    const isOther = sale !== undefined && sale.sale.id !== holds.saleId;
    const hasRoom = holds.isCut && countHolds(holds) < HOLDS_SHOWN_MAX * 0.8;
    if (holds.reading === null && (isOther || hasRoom || holds.fault !== '')) void readHolds(desk);
  },
  stepMs: (frame) => (isFresh(frame.state, frame.localMs) ? stepOf(frame) : null),
};

/** Changes what is known of the holds, and lets rows move when it is time. */
function change(desk: Desk, work: (slice: HoldsSlice) => HoldsSlice): void {
  const { nowMs } = desk.frame();
  desk.store.set((state) => {
    const list = state.lists['holds.holds'] ?? NEW_LIST;
    const holds = settle(work(state.holds), list, list.frozen !== null, nowMs);
    return holds === state.holds ? state : { ...state, holds };
  });
}

/** Whether there may be holds that no event told of. */
function isUnsure(event: AnyEvent, saleId: number | null): boolean {
  if (event.type === 'dropped') return true;
  if (event.type !== 'gap' && event.type !== 'sale.rebuilt') return false;
  return event.sale_id === null || event.sale_id === saleId;
}

const PAGE = '200';

/** All pages. Whoever begins later takes over; what is shown stays until it is known better. */
async function readHolds(desk: Desk): Promise<void> {
  const { store } = desk;
  const id = watchedSale(store.get())?.sale.id;
  if (id === undefined) return;
  change(desk, (slice) => beginRead(slice, id));
  const mine = store.get().holds.reads;
  const seen = new Set<string>();
  let cursor: string | null = null;
  do {
    const answer = await askPage(desk, id, cursor);
    if (store.get().holds.reads !== mine) return;
    if (!answer.ok) {
      change(desk, (slice) => failRead(slice, answer.message));
      return;
    }
    const { items } = answer.data;
    for (const { hold_id } of items) seen.add(hold_id);
    change(desk, (slice) => readPage(slice, items, desk.frame().nowMs));
    cursor = answer.data.next_cursor;
  } while (cursor !== null && seen.size < HOLDS_SHOWN_MAX);
  const isCut = cursor !== null;
  change(desk, (slice) => endRead(slice, seen, isCut, desk.frame().nowMs));
}

async function askPage({ api, clock }: Desk, id: number, cursor: string | null) {
  const query = { limit: PAGE, ...(cursor === null ? {} : { cursor }) };
  const sentMs = performance.now();
  const answer = await answerOf(api.sales({ id }).holds.get({ query }));
  // Countdowns follow the clock that decides.
  if (answer.ok) {
    clock.asked({ serverMs: Date.parse(answer.data.now), sentMs, receivedMs: performance.now() });
  }
  return answer;
}

function whyEmpty(state: State): string {
  const { fault, isRead } = state.holds;
  const sale = watchedSale(state);
  if (sale === undefined) {
    return state.sales.isRead
      ? 'There is no sale yet: create one on the board (1).'
      : 'Reading the sales ...';
  }
  const name = safe(saleName(sale));
  if (fault !== '') return `The holds of ${name} could not be read: ${safe(fault)} It is tried again.`;
  if (!isRead) return `Reading the holds of ${name} ...`;
  return `Nobody holds anything of ${name}. Holds appear as buyers place them; w shows another sale.`;
}

function jsonOf(row: HoldRow, saleId: number | null) {
  const { id, buyer, quantity, state, deadlineMs } = row;
  const expires_at = new Date(deadlineMs).toISOString();
  return { hold_id: id, sale_id: saleId, state, quantity, buyer_id: buyer, expires_at };
}

/** The token stays where it is: the command takes it from the shell that runs it. */
function curlOf({ id }: HoldRow, url: string): string {
  return `curl -X POST -H "authorization: Bearer $OPERATOR_TOKEN" -H "idempotency-key: $(uuidgen)" ${url}/ops/holds/${id}/release`;
}
