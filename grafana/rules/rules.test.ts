import { beforeAll, describe, expect, test } from 'bun:test';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { installed } from '@flash-sale/api/test/installed.ts';
import { COMMANDS } from '@flash-sale/tui/commands/commands.ts';
import { readCommand } from '@flash-sale/tui/commands/read-command.ts';
import { BOARDS } from '../dashboards/boards.ts';
import { runbookPage } from '../runbook/page.ts';
import { knownMetrics, metricsIn } from '../test/metric-names.ts';

interface Rule {
  readonly record?: string;
  readonly alert?: string;
  readonly expr: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}
interface Groups {
  readonly groups: readonly { readonly name: string; readonly rules: readonly Rule[] }[];
}
interface Case {
  readonly name: string;
  readonly input_series: readonly { readonly series: string }[];
  readonly alert_rule_test?: readonly {
    readonly alertname: string;
    readonly exp_alerts: readonly object[];
  }[];
}

// A bare machine needs longer for that than for any test.
beforeAll(() => installed('promtool', 'prometheus'), 300_000);

const FOLDER = import.meta.dir;
const runbook = await Bun.file(join(FOLDER, '../../RUNBOOK.md')).text();
const yamlFiles = readdirSync(FOLDER).filter((name) => name.endsWith('.yml'));
const testFiles = yamlFiles.filter((name) => name.endsWith('.test.yml'));
const ruleFiles = yamlFiles.filter((name) => !name.endsWith('.test.yml'));
const rules = (await Promise.all(ruleFiles.map((file) => read<Groups>(file)))).flatMap(({ groups }) =>
  groups.flatMap((group) => group.rules),
);
const recording = rules.filter(({ record }) => record !== undefined);
const alerts = rules.flatMap((rule) => (rule.alert === undefined ? [] : [{ ...rule, alert: rule.alert }]));
const names = alerts.map(({ alert }) => alert);
const cases = (await Promise.all(testFiles.map((file) => read<{ tests: Case[] }>(file)))).flatMap(
  ({ tests }) => tests,
);

async function read<Content>(file: string): Promise<Content> {
  return Bun.YAML.parse(await Bun.file(join(FOLDER, file)).text()) as Content;
}

async function promtool(...words: string[]): Promise<[exitCode: number, said: string]> {
  const run = Bun.spawn([await installed('promtool', 'prometheus'), ...words], {
    cwd: FOLDER,
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const [out, err] = await Promise.all([run.stdout.text(), run.stderr.text()]);
  return [await run.exited, `${out}${err}`];
}

describe('promtool', () => {
  test('accepts the configuration and the rules in it, which are all that there are', async () => {
    const [exitCode, said] = await promtool('check', 'config', '../prometheus.yml');
    expect(exitCode, said).toBe(0);
    const checked = [...said.matchAll(/^Checking .*rules\/(.+\.yml)$/gm)].map(([, file = '']) => file);
    expect(checked.toSorted()).toEqual(ruleFiles.toSorted());
  });

  // It computes days of samples: a busy machine needs longer than for any other test.
  test.each(testFiles)(
    'sees the alerts of %s fire and be silent',
    async (file) => {
      const [exitCode, said] = await promtool('test', 'rules', file);
      expect(exitCode, said).toBe(0);
    },
    120_000,
  );
});

describe('an alert', () => {
  test('has a name of its own, and says what, how urgent and where to read on', () => {
    expect(new Set(names).size).toBe(names.length);
    for (const { alert, labels = {}, annotations = {} } of alerts) {
      expect(alert).toMatch(/^FlashSale[A-Z][A-Za-z0-9]+$/);
      if (alert === 'FlashSaleWatchdog') expect(labels).toEqual({});
      else expect(['page', 'ticket'], alert).toContain(labels['severity'] ?? 'none');
      expect(Object.keys(annotations), alert).toEqual(['summary', 'description', 'runbook_url']);
      expect(annotations['runbook_url']).toBe(`{{ $externalURL }}/user/runbook.html#${alert.toLowerCase()}`);
    }
  });

  test('is tested where it fires, and where it is silent although it has its figures', () => {
    const untested = names.flatMap((name) =>
      [true, false]
        // One needs no figures: it is never silent, which is what it is for.
        .filter((isFiring) => isFiring || figuresOf(name).size > 0)
        .filter((isFiring) => !isTested(name, isFiring))
        .map((isFiring) => `${name} ${isFiring ? 'fires' : 'is silent'}`),
    );
    expect(untested).toEqual([]);
  });

  test('is about figures that somebody tells, and so is every recording', async () => {
    const known = await knownMetrics();
    for (const { alert, record, expr } of rules) {
      expect(
        metricsIn(expr).filter((metric) => !known.has(metric)),
        alert ?? record,
      ).toEqual([]);
    }
  });

  test('is never about what a sale is for; sold-out.test.yml shows that none fires then', () => {
    const successes = /insufficient_stock|too_many_requests|buyer_limit|status=~?"4/;
    for (const { alert, expr } of alerts) expect(expr, alert).not.toMatch(successes);
  });
});

describe('the runbook', () => {
  test('has a section for each alert, and for nothing else but what is done by plan', () => {
    const [ofAlerts = ''] = runbook.split('\n# By plan\n');
    const sections = [...ofAlerts.matchAll(/^## (.+)$/gm)].map(([, title = '']) => title);
    expect(sections.toSorted()).toEqual(names.toSorted());
  });

  test('says of each how urgent it is, what it means and what to do', () => {
    for (const { alert, labels = {} } of alerts) {
      const [, section = ''] = runbook.split(`\n## ${alert}\n`);
      const [own = ''] = section.split('\n#');
      expect(own, alert).toMatch(/\*\*Means:\*\* [^]+\*\*Do:\*\*/);
      expect(own.trim().split(/[. ]/)[0]?.toLowerCase(), alert).toBe(labels['severity'] ?? 'no');
    }
  });

  test('can be opened where an alert leads', () => {
    const page = runbookPage(runbook);
    for (const alert of names) expect(page).toContain(`id="${alert.toLowerCase()}"`);
    for (const [, anchor] of runbook.matchAll(/\]\(#([^)]+)\)/g)) expect(page).toContain(`id="${anchor}"`);
  });

  test('names commands that the terminal has, as they are written', () => {
    const lines = [...runbook.matchAll(/bun flashsale ([^`#\n]+)/g)].map(([, words = '']) => words.trim());
    expect(lines.length).toBeGreaterThan(30);
    for (const line of lines) {
      const words = line.replaceAll(/\b[A-Z]{2,}\b/g, (name) => PLACEHOLDERS[name] ?? name).split(' ');
      const command = COMMANDS.find((one) => words.join(' ').startsWith(one.words));
      if (command === undefined) throw new Error(`there is no command: bun flashsale ${line}`);
      expect(() => readCommand(command, words), line).not.toThrow();
    }
  });

  test('names panels that the boards have', () => {
    const named = [...runbook.matchAll(/\b(\w+) › ((?:\*[^*]+\*(?:, )?)+)/g)].flatMap(
      ([, board = '', list = '']) =>
        [...list.matchAll(/\*([^*]+)\*/g)].map(([, title = '']) => `${board} › ${title}`),
    );
    const shown = new Set(
      Object.entries(BOARDS).flatMap(([board, { panels = [] }]) =>
        panels.map(({ title }) => `${board} › ${title}`),
      ),
    );
    expect(named.length).toBeGreaterThan(30);
    expect(named.filter((panel) => !shown.has(panel))).toEqual([]);
  });
});

/** What stands for something that is asked for, as it could be. */
const PLACEHOLDERS: Readonly<Record<string, string>> = {
  SALE: '7',
  DELIVERY: '7',
  ORDER: '01890a5d-ac96-774b-bcce-b302099a8057',
  PROVIDER: 'stripe',
  INTENT: 'pi_1',
  ID: 're_1',
  UNITS: '5',
};

function isTested(name: string, isFiring: boolean): boolean {
  const figures = figuresOf(name);
  return cases.some(
    ({ alert_rule_test = [], input_series }) =>
      (figures.size === 0 ||
        input_series.some(({ series }) => metricsIn(series).some((metric) => figures.has(metric)))) &&
      alert_rule_test.some(
        ({ alertname, exp_alerts }) => alertname === name && exp_alerts.length > 0 === isFiring,
      ),
  );
}

/** The metrics that an alert is made of, with those that its recordings are made of. */
function figuresOf(name: string): Set<string> {
  const found = new Set<string>();
  const look = (expr: string): void => {
    for (const metric of metricsIn(expr)) {
      if (found.has(metric)) continue;
      found.add(metric);
      for (const { record, expr: ofRecord } of recording) if (record === metric) look(ofRecord);
    }
  };
  for (const { alert, expr } of alerts) if (alert === name) look(expr);
  return found;
}
