/**
 * What every board keeps: the rules of Grafana's own dashboard-linter that make sense here, a grid without overlaps or
 * holes, and the meaning of our colours. Each rule gives what is wrong, in words.
 */

import type { Dashboard, Panel, RowPanel } from '@grafana/grafana-foundation-sdk/dashboard';
import { COLUMNS } from '../dashboards/board.ts';
import { TAG, TITLES } from '../dashboards/links.ts';
import { BAD, SOLD } from '../dashboards/palette.ts';
import { variablesIn } from './grafana-variables.ts';

export type Rule = (board: Dashboard) => string[];

export interface Target {
  readonly refId?: string;
  readonly expr: string;
  readonly legendFormat?: string;
  readonly interval?: string;
  readonly datasource?: { readonly uid?: string };
}

/** Those that show something; in our boards no row is folded. */
export function panelsOf({ panels = [] }: Dashboard): Panel[] {
  return panels.filter((panel): panel is Panel => panel.type !== 'row');
}

export function targetsOf(panel: Panel): Target[] {
  return (panel.targets ?? []) as unknown as Target[];
}

/** Everything that is asked for a board. */
export function queriesOf(board: Dashboard): string[] {
  return [
    ...panelsOf(board).flatMap((panel) => targetsOf(panel).map(({ expr }) => expr)),
    ...(board.annotations.list ?? []).map(({ expr = '' }) => expr),
    ...(board.templating.list ?? []).flatMap(({ type, definition = '' }) =>
      type === 'query' ? [definition] : [],
    ),
  ];
}

export const headIsComplete: Rule = (board) => [
  ...complain(board.uid === undefined || !(board.uid in TITLES), `uid ${board.uid} is in no list`),
  ...complain(!board.title || !board.description, 'has no title or no description'),
  ...complain(!board.tags?.includes(TAG), `has no tag ${TAG}`),
  ...complain(board.editable !== false, 'can be edited where it is shown, and would lose that'),
  ...complain(board.schemaVersion !== 42, `is of schema ${board.schemaVersion}`),
  ...complain(!board.refresh || !board.time, 'has no refresh or no range of time'),
  ...complain(!board.links?.some(({ tags }) => tags.includes(TAG)), 'has no links to the others'),
];

export const panelsAreDescribed: Rule = (board) =>
  panelsOf(board).flatMap((panel) => {
    const { title = '', description = '', fieldConfig, targets = [] } = panel;
    const sentences = description.match(/[.?!](?= |$)/g)?.length ?? 0;
    return [
      ...complain(title === '', `panel ${panel.id} has no title`),
      ...complain(
        sentences < 1 || sentences > 3,
        `${title}: ${sentences} sentences describe it, not one to three`,
      ),
      ...complain(!fieldConfig?.defaults.unit, `${title}: has no unit`),
      ...complain(targets.length === 0, `${title}: asks nothing`),
    ];
  });

export const targetsAreComplete: Rule = (board) =>
  panelsOf(board).flatMap((panel) => {
    const targets = targetsOf(panel);
    const ids = new Set(targets.map(({ refId }) => refId));
    return [
      ...complain(ids.size !== targets.length, `${panel.title}: two targets have one refId`),
      ...complain(
        [panel, ...targets].some(({ datasource }) => datasource?.uid !== '${datasource}'),
        `${panel.title}: names its data source`,
      ),
      ...complain(
        targets.some(({ legendFormat }) => !legendFormat),
        `${panel.title}: a series has no name`,
      ),
    ];
  });

/** What Grafana itself gives a value. */
const OF_GRAFANA = new Set(['__all', '__rate_interval', '__range', '__url_time_range', '__all_variables']);

export const variablesResolve: Rule = (board) => {
  const list = board.templating.list ?? [];
  const known = new Set([...list.map(({ name }) => name), ...OF_GRAFANA]);
  const used = new Set(variablesIn(JSON.stringify(board)));
  return [
    ...[...used].filter((name) => !known.has(name)).map((name) => `nobody gives $${name} a value`),
    ...list.filter(({ name }) => !used.has(name)).map(({ name }) => `nobody uses $${name}`),
    ...complain(list[0]?.name !== 'datasource', 'the first variable is not the data source'),
    ...list
      .filter(({ type }) => type === 'query')
      .filter(({ refresh, includeAll, allValue }) => refresh !== 2 || !includeAll || allValue !== '.+')
      .map(({ name }) => `$${name} is not refreshed with the time, or has no "All" that is .+`),
  ];
};

/** What a description says of a window of its own. */
const WINDOWS: Readonly<Record<string, string>> = { '1m': 'last minute', '30d': 'last 30 days' };

/** A window that is not Grafana's own sees nothing, or too much, at another zoom: a panel with one says why in words. */
export const windowsAreExplained: Rule = (board) =>
  panelsOf(board).flatMap(({ title, description = '', ...panel }) =>
    targetsOf(panel)
      .flatMap(({ expr }) => [...expr.matchAll(/\[([^\]]+)\]/g)].map(([, window = '']) => window))
      .filter((window) => !['$__rate_interval', '$__range'].includes(window))
      .filter((window) => !isExplained(window, description))
      .map((window) => `${title}: looks back ${window} and does not say so`),
  );

function isExplained(window: string, description: string): boolean {
  const words = WINDOWS[window];
  return words !== undefined && description.includes(words);
}

/** Of the exporters only every fifth scrape of ours has something new: at Grafana's own step a rate would be empty. */
export const exportersAreAskedSlowly: Rule = (board) =>
  panelsOf(board).flatMap((panel) =>
    targetsOf(panel)
      .filter(({ expr, interval }) => /rate\((redis|mysql)_/.test(expr) && interval !== '10s')
      .map(() => `${panel.title}: asks an exporter more often than it is scraped`),
  );

/** Every process tells these alike: their sum would grow with the number of replicas. */
const TOLD_BY_ALL =
  /\b(sum|count)( by \([^)]*\))? ?\(flashsale_(sale_|stock_|oversold_|deliveries_waiting|refunds_due|workers_quiet)/;

export const gaugesAreNotAddedUp: Rule = (board) =>
  queriesOf(board)
    .filter((query) => TOLD_BY_ALL.test(query))
    .map((query) => `adds up what every process tells: ${query}`);

export const linksLeadSomewhere: Rule = (board) =>
  panelsOf(board).flatMap((panel) => {
    const links = (panel.fieldConfig?.defaults.links ?? []) as { readonly url?: string }[];
    return links
      .map(({ url = '' }) => /^\/d\/([\w-]+)\?/.exec(url)?.[1] ?? url)
      .filter((uid) => !(uid in TITLES) || uid === board.uid)
      .map((uid) => `${panel.title}: leads to ${uid}`);
  });

/** Rows fill the width, and begin where the one above ends; ids are in reading order. */
export const gridIsFull: Rule = ({ panels = [] }) => {
  const cells = new Map<string, string>();
  const complaints: string[] = [];
  let bottom = 0;
  for (const [
    index,
    { title = '', id, gridPos: { x, y, w, h } = { x: 0, y: 0, w: 0, h: 0 } },
  ] of panels.entries()) {
    complaints.push(...complain(id !== index + 1, `${title}: has id ${id}, is number ${index + 1}`));
    complaints.push(
      ...complain(w < 1 || h < 1 || x + w > COLUMNS, `${title}: is not within ${COLUMNS} columns`),
    );
    bottom = Math.max(bottom, y + h);
    for (let row = y; row < y + h; row += 1) {
      for (let column = x; column < x + w; column += 1) {
        const other = cells.get(`${column},${row}`);
        if (other !== undefined) complaints.push(`${title}: lies upon ${other}`);
        cells.set(`${column},${row}`, title);
      }
    }
  }
  return [...new Set([...complaints, ...complain(cells.size < COLUMNS * bottom, 'the grid has holes')])];
};

/** Sold out, 409 and 429 are the product working. */
const FINE = /\bsold|refused \(409\)|too fast|^409$|^429$|limit|insufficient/i;

export const redIsForFaults: Rule = (board) =>
  panelsOf(board).flatMap(({ title = '', fieldConfig }) => {
    const { mappings = [], thresholds } = fieldConfig?.defaults ?? {};
    const words = (mappings as unknown as Mapping[]).map(({ options }) => options.result);
    const reds = [
      ...(fieldConfig?.overrides ?? []).filter(isRed).map(({ matcher }) => String(matcher.options)),
      ...words.filter(isRed).map(({ text }) => text),
      ...(isRed(thresholds) ? [title] : []),
    ];
    return [
      ...reds.filter((name) => FINE.test(name)).map((name) => `${title}: ${name} is red`),
      ...complain(
        words.some(({ text, color }) => text === 'SOLD OUT' && color !== SOLD),
        `${title}: sold out is not blue`,
      ),
    ];
  });

interface Mapping {
  readonly options: { readonly result: { readonly text: string; readonly color: string } };
}

function isRed(look: unknown): boolean {
  return JSON.stringify(look ?? {}).includes(`"${BAD}"`);
}

export function bottomOf({ panels = [] }: Pick<Dashboard, 'panels'>): number {
  return Math.max(...panels.map(({ gridPos }: Panel | RowPanel) => (gridPos?.y ?? 0) + (gridPos?.h ?? 0)));
}

function complain(isWrong: boolean, words: string): string[] {
  return isWrong ? [words] : [];
}
