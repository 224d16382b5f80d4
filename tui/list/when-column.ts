import { timeOrDay } from '../look/format.ts';
import type { Column } from './columns.ts';

/** When it was: by the clock for what is of today, else the day. */
export function whenColumn<Row extends { readonly atMs: number }>(): Column<Row> {
  return {
    name: 'at',
    title: 'When',
    width: 8,
    priority: 0,
    cell: ({ atMs }, { nowMs }) => timeOrDay(atMs, nowMs),
    sortBy: ({ atMs }) => atMs,
  };
}
