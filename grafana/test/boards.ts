/** The boards as they are committed: what Grafana loads, not what wrote it. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Board, Panel, Target } from '../picture/board-json.ts';
import type { Shown } from '../picture/field.ts';
import { stepOf, valuesOfAll, valuesOfTime, withVariables } from './grafana-variables.ts';
import type { Prometheus, Series, TimeRange } from './prometheus.ts';

const FOLDER = join(import.meta.dir, '../dashboards/json');
/** As the provisioned data source has it. */
const SCRAPE_S = 2;
/** Of a panel half a screen wide. */
const POINTS = 800;

export function readBoards(): Board[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith('.json'))
    .map((name) => JSON.parse(readFileSync(join(FOLDER, name), 'utf8')) as Board);
}

/** Those that show something, also from inside of rows that are folded. */
export function panelsOf({ panels }: Pick<Board, 'panels'>): Panel[] {
  return panels.flatMap((panel) => (panel.type === 'row' ? (panel.panels ?? []) : [panel]));
}

/** What Grafana asks for a target of a board, with all sales and processes chosen. */
export function queryOf(
  board: Board,
  target: Pick<Target, 'expr' | 'interval'>,
  { from, to }: Pick<TimeRange, 'from' | 'to'>,
): { readonly query: string; readonly range: TimeRange } {
  const time = {
    rangeMs: to.getTime() - from.getTime(),
    points: POINTS,
    minStepS: target.interval === undefined ? SCRAPE_S : secondsIn(target.interval),
  };
  const values = { ...valuesOfAll(board.templating.list), ...valuesOfTime(time) };
  return { query: withVariables(target.expr, values), range: { from, to, stepS: stepOf(time) } };
}

/** What a panel shows at the end of a range of time, named as the board wants it. */
export async function shownIn(
  prometheus: Prometheus,
  board: Board,
  { targets = [] }: Panel,
  ends: Pick<TimeRange, 'from' | 'to'>,
): Promise<Shown[]> {
  const answers = targets.map(async (target) => {
    const { query, range } = queryOf(board, target, ends);
    const series = await (target.instant === true
      ? prometheus.query(query, range.to)
      : prometheus.queryRange(query, range));
    return series.map((one) => ({ ...one, refId: target.refId, name: nameOf(target, one) }));
  });
  return (await Promise.all(answers)).flat();
}

function nameOf({ legendFormat = '' }: Target, { labels }: Series): string {
  return legendFormat.replaceAll(/\{\{ *(\w+) *\}\}/g, (_, label: string) => labels[label] ?? '');
}

function secondsIn(interval: string): number {
  const [, amount, unit = ''] = /^>?(\d+)(s|m)$/.exec(interval) ?? [];
  const seconds = { s: 1, m: 60 }[unit];
  if (amount === undefined || seconds === undefined) throw new Error(`${interval} is no interval we know`);
  return Number(amount) * seconds;
}
