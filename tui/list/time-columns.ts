/** Columns of lists of what happened. */

import { age, timeOrDay } from '../look/format.ts';
import { span } from '../look/span.ts';
import type { Column } from './columns.ts';

/** By this machine's clock, or as the API writes it. */
type At<Row> = (row: Row) => number | string;

interface Said {
  readonly name?: string;
  readonly title?: string;
  readonly priority?: number;
}

/** When it was: by the clock for what is of today, else the day. */
export function whenColumn<Row>(
  at: At<Row>,
  { name = 'at', title = 'When', priority = 0 }: Said = {},
): Column<Row> {
  return {
    name,
    title,
    width: 8,
    priority,
    cell: (row, { nowMs }) => timeOrDay(msOf(at(row)), nowMs),
    sortBy: (row) => msOf(at(row)),
  };
}

/** How long ago that was; sorted, the youngest comes first. */
export function ageColumn<Row>(at: At<Row>, priority: number): Column<Row> {
  return {
    name: 'age',
    title: 'Age',
    width: 6,
    align: 'right',
    priority,
    cell: (row, { nowMs }) => span(age(nowMs - msOf(at(row))), 'dim'),
    sortBy: (row) => -msOf(at(row)),
  };
}

function msOf(at: number | string): number {
  return typeof at === 'number' ? at : Date.parse(at);
}
