/** Rehearsals beside the sales: one at work as it goes on, those that are over with their verdict. */

import type { Column } from '../list/columns.ts';
import { whenColumn } from '../list/time-columns.ts';
import { count } from '../look/format.ts';
import { GLYPHS } from '../look/look.ts';
import { plain, span, type Line, type Span } from '../look/span.ts';
import { safe, wrapText } from '../look/text.ts';
import type { View } from '../rooms/room.ts';
import type { Frame } from '../state/frames.ts';
import { milliseconds, progressLines } from './progress-lines.ts';
import { stateOfRun, type RehearsalRun, type RunState } from './rehearsal-run.ts';
import { verdictLines } from './verdict-lines.ts';

const WORDS: Readonly<Record<RunState, Span>> = {
  running: span(`${GLYPHS.live} running`, 'accent'),
  passed: span(`${GLYPHS.ok} passed`, 'good'),
  failed: span(`${GLYPHS.no} failed`, 'alarm'),
  'broken off': span('! broken off', 'warn'),
};

const figure = (
  name: string,
  title: string,
  priority: number,
  value: (run: RehearsalRun) => number | null,
): Column<RehearsalRun> => ({
  name,
  title,
  priority,
  width: 8,
  align: 'right',
  cell: (run) => {
    const found = value(run);
    return found === null ? '-' : count(found);
  },
  sortBy: (run) => value(run) ?? -1,
});

const stepsOf = ({ report, progress }: RehearsalRun) => (report ?? progress)?.steps;

const COLUMNS: readonly Column<RehearsalRun>[] = [
  whenColumn(({ atMs }) => atMs),
  {
    name: 'state',
    title: 'Verdict',
    width: 12,
    priority: 0,
    cell: (run) => WORDS[stateOfRun(run)],
    sortBy: stateOfRun,
  },
  figure('buyers', 'Buyers', 0, ({ buyers }) => buyers),
  figure('units', 'Units', 1, ({ units }) => units),
  figure('paid', 'Paid', 0, paidUnits),
  figure('rate', 'Holds/s', 1, (run) => stepsOf(run)?.hold.best_per_second ?? null),
  {
    name: 'p99',
    title: 'Hold p99',
    width: 9,
    align: 'right',
    priority: 1,
    cell: (run) => {
      const steps = stepsOf(run);
      return steps === undefined ? '-' : milliseconds(steps.hold.p99);
    },
    sortBy: (run) => stepsOf(run)?.hold.p99 ?? -1,
  },
];

export const rehearsalView: View<RehearsalRun> = {
  name: 'rehearsals',
  title: 'Rehearsals',
  rows: ({ rehearsals }) => rehearsals,
  idOf: ({ id }) => id,
  columns: COLUMNS,
  fields: (run) => ({ state: stateOfRun(run), buyers: String(run.buyers), units: String(run.units) }),
  detail,
  copies: ({ report }) => (report === null ? [] : [{ what: 'JSON', text: JSON.stringify(report, null, 2) }]),
  empty: () => 'Nothing was rehearsed here yet. T does: a crowd of real buyers at a sale of its own.',
  sentence: (_frame, run) =>
    `rehearsal of ${run.buyers} buyers for ${run.units} units, ${stateOfRun(run)}, ${paidUnits(run) ?? 0} units paid`,
};

function paidUnits({ report, progress }: RehearsalRun): number | null {
  return report?.units_at_end.paid ?? progress?.units?.paid ?? null;
}

function detail(_frame: Frame, run: RehearsalRun, width: number): Line[] {
  if (run.report !== null) return verdictLines(run.report, width);
  if (run.fault !== '') return wrapText(safe(run.fault), width).map(plain);
  if (run.progress !== null) return progressLines(run.progress, width);
  return [[span('Its sale is being made.', 'dim')]];
}
