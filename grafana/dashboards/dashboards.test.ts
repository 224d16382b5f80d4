import { beforeAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Dashboard, Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import { installed } from '@flash-sale/api/test/installed.ts';
import {
  bottomOf,
  exportersAreAskedSlowly,
  gaugesAreNotAddedUp,
  gridIsFull,
  headIsComplete,
  linksLeadSomewhere,
  panelsAreDescribed,
  panelsOf,
  queriesOf,
  redIsForFaults,
  type Rule,
  targetsAreComplete,
  targetsOf,
  variablesResolve,
  windowsAreExplained,
} from '../test/board-lint.ts';
import { valuesOfAll, valuesOfTime, withVariables } from '../test/grafana-variables.ts';
import { knownMetrics, metricsIn } from '../test/metric-names.ts';
import { BOARDS } from './boards.ts';
import { generated } from './generate.ts';
import { TITLES } from './links.ts';

// A bare machine needs longer for that than for any test.
beforeAll(() => installed('promtool', 'prometheus'), 300_000);

const FOLDER = join(import.meta.dir, 'json');
/** As Grafana reads them. */
const boards = Object.keys(BOARDS).map((name): [string, Dashboard] => [name, read(name)]);

test('what is committed is what the code says: else run `bun run boards`', () => {
  for (const [path, text] of generated()) expect(readFileSync(path, 'utf8'), path).toBe(text);
});

test('there is no file of a board that is gone', () => {
  const written = [...generated().keys()]
    .filter((path) => path.startsWith(FOLDER))
    .map((path) => basename(path));
  expect(readdirSync(FOLDER).toSorted()).toEqual(written.toSorted());
});

test('every board that others lead to is there', () => {
  expect(boards.map(([, { uid = '' }]) => uid).toSorted()).toEqual(Object.keys(TITLES).toSorted());
});

/** Each rule with something that breaks it, which proves that it can fail. */
const RULES: readonly [name: string, rule: Rule, breach: (board: Dashboard) => void][] = [
  ['says what it is, and leads to the others', headIsComplete, (board) => delete board.description],
  [
    'has a title, a description and a unit in each panel',
    panelsAreDescribed,
    (board) => delete first(board).description,
  ],
  [
    'names each series, and no data source',
    targetsAreComplete,
    (board) => (first(board).datasource = { uid: 'x' }),
  ],
  [
    'uses the variables that it has, and no others',
    variablesResolve,
    (board) => (first(board).title = '$shop'),
  ],
  ['explains each window of its own', windowsAreExplained, (board) => ask(board, 'rate(up[5m])')],
  [
    'asks exporters as often as they are scraped',
    exportersAreAskedSlowly,
    (board) => ask(board, 'rate(mysql_x[1m])'),
  ],
  [
    'does not add up what each process tells alike',
    gaugesAreNotAddedUp,
    (board) => ask(board, 'sum(flashsale_sale_units)'),
  ],
  ['leads to boards that there are', linksLeadSomewhere, (board) => linkTo(board, '/d/gone?')],
  ['fills its grid', gridIsFull, (board) => (first(board).gridPos = { x: 1, y: 1, w: 4, h: 3 })],
  ['has red for faults, and blue for sold out', redIsForFaults, (board) => paint(board, 'sold', 'red')],
];

describe.each(boards)('the board %s', (_, board) => {
  test.each(RULES)('%s', (_name, rule) => {
    expect(rule(board)).toEqual([]);
  });
});

test.each(RULES)('%s: and a breach is found', (_, rule, breach) => {
  const broken = read('operator');
  breach(broken);
  expect(rule(broken)).not.toEqual([]);
});

test('the board for operators is seen at once', () => {
  // On a screen of 1080 lines in kiosk mode: a cell is 30 pixels high with 8 between two, and 16 lie around them all.
  const cells = Math.floor((1_080 - 16) / (30 + 8));
  expect(bottomOf(read('operator'))).toBeLessThanOrEqual(cells);
});

test('every metric that a board names is told by somebody', async () => {
  const known = await knownMetrics();
  const named = boards.flatMap(([, board]) => queriesOf(board).flatMap((query) => metricsIn(query)));
  expect(named.length).toBeGreaterThan(100);
  expect([...new Set(named)].filter((name) => !known.has(name))).toEqual([]);
});

test('Prometheus understands every query', async () => {
  const time = { rangeMs: 900_000, points: 800, minStepS: 2 };
  const queries = boards.flatMap(([, board]) => {
    const values = { ...valuesOfAll(board.templating.list ?? []), ...valuesOfTime(time) };
    return queriesOf(board)
      .filter((query) => !query.startsWith('label_values('))
      .map((query) => withVariables(query, values));
  });
  expect(await complaintsOfPromtool(queries)).toBe('');
  expect(await complaintsOfPromtool([...queries, 'sum(rate(up[1m])'])).toContain('unclosed left parenthesis');
});

/** As rules, which is how promtool reads PromQL without a server. */
async function complaintsOfPromtool(queries: readonly string[]): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'flash-sale-boards-'));
  const file = join(folder, 'rules.yml');
  const rules = queries.map((expr, index) => ({ record: `query:${index}`, expr }));
  // JSON is YAML.
  await Bun.write(file, JSON.stringify({ groups: [{ name: 'boards', rules }] }));
  const promtool = Bun.spawn([await installed('promtool', 'prometheus'), 'check', 'rules', file], {
    stdout: 'ignore',
    stderr: 'pipe',
  });
  const [complaints, code] = await Promise.all([new Response(promtool.stderr).text(), promtool.exited]);
  rmSync(folder, { recursive: true });
  return code === 0 ? '' : complaints;
}

function read(name: string): Dashboard {
  return JSON.parse(readFileSync(join(FOLDER, `${name}.json`), 'utf8')) as Dashboard;
}

function first(board: Dashboard): Panel {
  const [panel] = panelsOf(board);
  if (panel === undefined) throw new Error('a board without panels');
  return panel;
}

function ask(board: Dashboard, expr: string): void {
  const [target] = targetsOf(first(board));
  Object.assign(target ?? {}, { expr });
}

function linkTo(board: Dashboard, url: string): void {
  Object.assign(first(board).fieldConfig?.defaults ?? {}, { links: [{ title: 'gone', url }] });
}

function paint(board: Dashboard, name: string, fixedColor: string): void {
  const matcher = { id: 'byName', options: name };
  first(board).fieldConfig?.overrides.push({
    matcher,
    properties: [{ id: 'color', value: { mode: 'fixed', fixedColor } }],
  });
}
