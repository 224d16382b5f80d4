/** A room is a tab: what it shows, and how it hears of changes. The frame draws all of them in the same way. */

import type { AnyEvent } from '@flash-sale/shared/contracts/event.ts';
import type { Desk } from '../desk.ts';
import type { Column } from '../list/columns.ts';
import type { Fields } from '../list/filter.ts';
import type { Line } from '../look/span.ts';
import type { Frame } from '../state/frames.ts';
import type { RoomName, State } from '../state/state.ts';

/** Methods, so that a view of particular rows is also a view of any rows. */
export interface View<Row> {
  readonly name: string;
  readonly title: string;
  /** In the order in which they are shown unless sorted; the same array while nothing changed. */
  rows(state: State): readonly Row[];
  idOf(row: Row): string;
  /** Of all rows in their order, where that is known without asking each: a long list changes many times a second. */
  ids?(state: State): readonly string[];
  readonly columns: readonly Column<Row>[];
  /** Instead of one line of columns, where there is room for more. */
  readonly card?: { readonly height: number; lines(frame: Frame, row: Row, width: number): readonly Line[] };
  /** What a filter looks at. */
  fields(row: Row): Fields;
  /** Lines above the list. */
  above?(frame: Frame, width: number): readonly Line[];
  detail(frame: Frame, row: Row, width: number): readonly Line[];
  /** What can be copied, the most useful first. */
  copies(row: Row, state: State): readonly Copy[];
  /** Said when there is no row: why, and what to do. */
  empty(state: State): string;
  /** The row as a sentence, for who listens instead of looks. */
  sentence(frame: Frame, row: Row): string;
}

export interface Copy {
  /** "id", "JSON", "curl" */
  readonly what: string;
  readonly text: string;
}

export interface Room {
  readonly name: RoomName;
  readonly title: string;
  /** At least one; the first is shown first. */
  readonly views: readonly View<unknown>[];
  /** Beside the title of the tab: "2 waiting". */
  badge?(state: State): string;
  /** Reads what it shows: when it is entered, after a gap, and when the operator asks. */
  read(desk: Desk): Promise<void>;
  /** The details of this row are on the screen now, and were not: it is another row, or the row is another. */
  detailed?(desk: Desk, row: unknown): void;
  /** What happened since the last time; some times a second at most. */
  heard?(desk: Desk, events: readonly AnyEvent[]): void;
  /** Once a second, shown or not. */
  turn?(desk: Desk): void;
  /** While it is shown: after how long it would look different although nothing happened; null: never. */
  stepMs?(frame: Frame): number | null;
}
