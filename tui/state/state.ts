/** Everything that the screen is drawn from, beside the time. Replaced as a whole, never changed in place. */

import type { Overview } from '@flash-sale/shared/contracts/overview.ts';
import { EVENTS_SILENCE_MS } from '@flash-sale/shared/terminal-limits.ts';
import type { OperatorRole } from '@flash-sale/shared/lifecycle.ts';
import type { AuditSlice } from '../activity/audit-slice.ts';
import type { Journal } from '../activity/journal.ts';
import type { Dialog } from '../dialogs/dialog.ts';
import type { TextInput } from '../dialogs/text-input.ts';
import type { HoldsSlice } from '../holds/holds-slice.ts';
import { NEW_LIST, type ListState } from '../list/list-state.ts';
import type { OrdersSlice } from '../orders/orders-slice.ts';
import type { RehearsalRun } from '../rehearsal/rehearsal-run.ts';
import type { SalesSlice } from '../sales/sales-slice.ts';
import type { WebhooksSlice } from '../webhooks/webhooks-slice.ts';

export const ROOM_NAMES = ['sales', 'holds', 'orders', 'webhooks', 'activity'] as const;
export type RoomName = (typeof ROOM_NAMES)[number];

export type DetailSize = 'closed' | 'beside' | 'full';

/** The connection to the stream of events: how fresh everything on the screen is. */
export interface Link {
  readonly kind: 'connecting' | 'live' | 'refused';
  /** What is wrong and what to do; empty while it is live. */
  readonly says: string;
  /**
   * When anything new was heard, by `performance.now()`; null before the first time. Heartbeats that repeat the time of
   * the one before are not: the API is there, and knows nothing of Redis.
   */
  readonly heardAtMs: number | null;
  /** When it is tried again, by the same clock. */
  readonly nextTryAtMs: number | null;
}

/** Where an operator works: from the contexts file. */
export interface Context {
  readonly name: string;
  readonly url: string;
  readonly color: string | null;
  readonly isReadOnly: boolean;
  /** This terminal was opened by the command that serves the sale, and ends with it. */
  readonly ownsStack: boolean;
}

interface Toast {
  readonly text: string;
  readonly tone: 'good' | 'warn' | 'info';
  /** By `performance.now()`. */
  readonly goneAtMs: number;
}

export interface Palette {
  readonly input: TextInput;
  /** How far it was moved from the first that is found; may go round and round. */
  readonly selected: number;
}

export interface State {
  readonly columns: number;
  readonly rows: number;
  readonly context: Context;
  readonly me: { readonly name: string; readonly role: OperatorRole } | null;
  readonly link: Link;
  readonly overview: Overview | null;
  /** When it was asked for, by `performance.now()`: while SQL hangs the stream goes on, and this does not. */
  readonly overviewAtMs: number;

  readonly room: RoomName;
  readonly roomBefore: RoomName;
  /** Which of its lists a room shows. */
  readonly views: Readonly<Record<RoomName, string>>;
  /** By room and view, as `listName` has it. */
  readonly lists: Readonly<Record<string, ListState>>;
  readonly details: Readonly<Record<RoomName, DetailSize>>;
  /** The first line of the detail that is shown. */
  readonly detailTop: number;
  /** The sale whose holds and orders are looked at; null: of all sales, where that is possible. */
  readonly saleId: number | null;

  readonly sales: SalesSlice;
  /** Newest first. */
  readonly rehearsals: readonly RehearsalRun[];
  readonly holds: HoldsSlice;
  readonly orders: OrdersSlice;
  readonly webhooks: WebhooksSlice;
  readonly journal: Journal;
  readonly audit: AuditSlice;

  /** The filter while it is typed. */
  readonly filterLine: TextInput | null;
  readonly palette: Palette | null;
  /** The first line of the help that is shown; null while it is closed. */
  readonly helpTop: number | null;
  readonly dialog: Dialog | null;
  readonly toast: Toast | null;
  readonly isReducedMotion: boolean;
  readonly isLinear: boolean;
}

export function listName(state: State): string {
  return `${state.room}.${state.views[state.room]}`;
}

/** A filter works while it is typed. */
export function listOf(state: State): ListState {
  const list = state.lists[listName(state)] ?? NEW_LIST;
  return state.filterLine === null ? list : { ...list, filter: state.filterLine.text };
}

export function withList(state: State, list: ListState): State {
  return { ...state, lists: { ...state.lists, [listName(state)]: list } };
}

export function withRoom(state: State, room: RoomName): State {
  if (room === state.room) return state;
  return { ...state, room, roomBefore: state.room, detailTop: 0, filterLine: null };
}

/** Whether what is told is of this moment. @param localMs `performance.now()` */
export function isFresh({ link }: State, localMs: number): boolean {
  return link.kind === 'live' && link.heardAtMs !== null && localMs - link.heardAtMs < EVENTS_SILENCE_MS;
}

/** Whether what is known of the stores and of units is; what was never read is not old. */
export function isOverviewFresh({ overview, overviewAtMs }: State, localMs: number): boolean {
  return overview === null || localMs - overviewAtMs < EVENTS_SILENCE_MS;
}

/** Whether the rows are: units of sales are read, everything else is told. */
export function areRowsFresh(state: State, localMs: number): boolean {
  return isFresh(state, localMs) && (state.room !== 'sales' || isOverviewFresh(state, localMs));
}
