/** The figures that an operator believes, asked of figures that processes may tell. */

import { beforeAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import { ARMED_SALE_STATES, type SaleState } from '@flash-sale/shared/lifecycle.ts';
import { installed } from '@flash-sale/api/test/installed.ts';
import { targetsOf } from '../../test/board-lint.ts';
import { withVariables } from '../../test/grafana-variables.ts';
import { honest } from './honest.ts';
import { sale } from './sale.ts';

// A bare machine needs longer for that than for any test.
beforeAll(() => installed('promtool', 'prometheus'), 300_000);

/** As processes a and b tell it. */
type Told = Readonly<Record<string, number>>;

const RIGHT: Told = {
  'flashsale_sale_armed{sale="1",instance="a"}': 1,
  'flashsale_sale_adds_up{sale="1",instance="a"}': 1,
  'flashsale_oversold_units{sale="1",instance="a"}': 0,
  'flashsale_refunds_due{instance="a"}': 0,
};

const VERDICTS: readonly [name: string, told: Told, verdict: string | undefined][] = [
  ['all is right', RIGHT, 'YES'],
  ['one of two sales is wrong', { ...RIGHT, 'flashsale_sale_adds_up{sale="2"}': 0 }, 'NO'],
  [
    'one of two processes has seen it',
    { ...RIGHT, 'flashsale_sale_adds_up{sale="1",instance="b"}': 0 },
    'NO',
  ],
  ['units are oversold', { ...RIGHT, 'flashsale_oversold_units{sale="2"}': 3 }, 'NO'],
  ['a sale is not counted', { ...RIGHT, 'flashsale_sale_armed{sale="2"}': 0 }, 'NOT KNOWN'],
  [
    'one is wrong and one is not counted',
    {
      'flashsale_sale_armed{sale="2"}': 0,
      'flashsale_sale_adds_up{sale="1"}': 0,
      'flashsale_oversold_units{sale="1"}': 0,
    },
    'NO',
  ],
  ['there is no sale', { 'flashsale_refunds_due{instance="a"}': 2 }, 'NO SALE'],
  ['nobody could look', { 'flashsale_store_up{store="sql"}': 0 }, undefined],
];

test.each(VERDICTS)('when %s', async (_, told, verdict) => {
  const panel = panelOf(honest.panels, 'Every sum is right');
  expect(await complaints(panel, told, [verdict === undefined ? undefined : figureFor(panel, verdict)])).toBe(
    '',
  );
});

test('when nobody could look, that is what it says', () => {
  expect(panelOf(honest.panels, 'Every sum is right').fieldConfig?.defaults.noValue).toBe('NOT KNOWN');
});

test('while a state changes it is one of the two, and no third', async () => {
  const panel = panelOf(honest.panels, 'State');
  const told = { ...tellStates('a', 'live'), ...tellStates('b', 'paused') };
  expect(await complaints(panel, told, [figureFor(panel, 'PAUSED')], '{sale="1"}')).toBe('');
});

test('a drift counts whichever way it goes', async () => {
  const panel = panelOf(honest.panels, 'Drift');
  expect(await complaints(panel, { 'flashsale_stock_drift_units{sale="1"}': -3 }, [3, 3])).toBe('');
  expect(await complaints(panel, { 'flashsale_stock_drift_units{sale="1"}': 2 }, [2, 2])).toBe('');
  expect(await complaints(panel, { 'flashsale_stock_drift_units{sale="1"}': 2 }, [2, 0])).toContain('got');
});

test('the parts add up to the total while two processes have looked at different moments', async () => {
  const earlier = { total: 100, available: 60, held: 30, ordered: 10, paid: 0 };
  const later = { total: 100, available: 0, held: 20, ordered: 50, paid: 30 };
  const told = { ...tellUnits('a', earlier), ...tellUnits('b', later) };
  const [paid, ordered, held, available] = [15, 30, 25, 30];
  const panel = panelOf(sale.panels, 'Where the units are');
  expect(await complaints(panel, told, [paid, ordered, held, available, 100])).toBe('');
});

function tellStates(instance: string, now: SaleState): Told {
  return Object.fromEntries(
    ARMED_SALE_STATES.map((state) => [
      `flashsale_sale_state{sale="1",instance="${instance}",state="${state}"}`,
      state === now ? 1 : 0,
    ]),
  );
}

function tellUnits(instance: string, units: Told): Told {
  return Object.fromEntries(
    Object.entries(units).map(([state, count]) => [
      `flashsale_sale_units{sale="1",instance="${instance}",state="${state}"}`,
      count,
    ]),
  );
}

function panelOf(panels: readonly Panel[], title: string): Panel {
  const found = panels.find((panel) => panel.title === title);
  if (found === undefined) throw new Error(`there is no panel ${title}`);
  return found;
}

interface Mapping {
  readonly options: { readonly from: number; readonly result: { readonly text: string } };
}

function figureFor({ title, fieldConfig }: Panel, word: string): number {
  const mappings = (fieldConfig?.defaults.mappings ?? []) as unknown as Mapping[];
  const found = mappings.find(({ options }) => options.result.text === word);
  if (found === undefined) throw new Error(`${title} never says ${word}`);
  return found.options.from;
}

/** Prometheus' own engine asks the queries of a panel. @returns what it finds else than expected, of each query in turn */
async function complaints(
  panel: Panel,
  told: Told,
  expected: readonly (number | undefined)[],
  labels = '{}',
): Promise<string> {
  const input_series = Object.entries(told).map(([series, value]) => ({ series, values: `${value}x3` }));
  const promql_expr_test = targetsOf(panel).map(({ expr }, index) => {
    const value = expected[index];
    return {
      expr: withVariables(expr, { sale: '.+', __range: '1m' }),
      eval_time: '1m',
      exp_samples: value === undefined ? [] : [{ labels, value }],
    };
  });
  const folder = mkdtempSync(join(tmpdir(), 'flash-sale-figures-'));
  const file = join(folder, 'figures.test.yml');
  // JSON is YAML.
  await Bun.write(file, JSON.stringify({ tests: [{ interval: '30s', input_series, promql_expr_test }] }));
  const promtool = Bun.spawn([await installed('promtool', 'prometheus'), 'test', 'rules', file], {
    stdout: 'ignore',
    stderr: 'pipe',
  });
  const [said, code] = await Promise.all([new Response(promtool.stderr).text(), promtool.exited]);
  rmSync(folder, { recursive: true });
  return code === 0 ? '' : said;
}
