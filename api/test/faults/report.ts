/** The report of a campaign: report.json for programs, report.md for people, with everything that repeats it. */

import { writeFileSync } from 'node:fs';
import { cpus, getPriority, loadavg, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { linesAround, type Analysis, type Service } from './analysis.ts';
import type { Outcome, Stroke } from './campaign.ts';
import { spreadOf, type Spread } from './figures.ts';
import { FAULT_NAMES, impossibleFaults } from './faults.ts';
import { MUTANTS } from './sources.ts';

/** Below this the machine was ours; above it others' work is measured too. */
const FREE_CORES_PERCENT = 40;

interface KindFigures {
  readonly kind: string;
  readonly count: number;
  /** From when the stores, or the process, answered again. */
  readonly first: Spread | null;
  readonly all: Spread | null;
  readonly exact: Spread | null;
}

/** @returns the path of the readable one. */
export async function writeReport(outcome: Outcome, analysis: Analysis, command: string): Promise<string> {
  const report = await reportOf(outcome, analysis, command);
  const { out } = outcome.options;
  writeFileSync(join(out, 'report.json'), `${JSON.stringify(report, null, 2)}\n`);
  const path = join(out, 'report.md');
  writeFileSync(path, markdown(report));
  return path;
}

type Report = Awaited<ReturnType<typeof reportOf>>;

async function reportOf(outcome: Outcome, analysis: Analysis, command: string) {
  const { options, strokes, violations, historyFile } = outcome;
  const { told } = analysis;
  return {
    command,
    seed: options.seed,
    mutant: options.mutant,
    startedAt: new Date(outcome.startedAt).toISOString(),
    seconds: Math.round((outcome.endedAt - outcome.startedAt) / 1_000),
    versions: outcome.versions,
    machine: machine(),
    faults: strokes.length,
    impossible: impossibleFaults(),
    recovery: recoveryByKind(strokes),
    cpuPressure: spreadOf(strokes.flatMap(({ cpuPressure }) => (cpuPressure === null ? [] : [cpuPressure]))),
    visits: outcome.visits,
    asked: Object.fromEntries([...told.counts].sort(([a], [b]) => a.localeCompare(b))),
    settledMs: outcome.restMs,
    figures: outcome.figures,
    promises: {
      holds: told.holds.size,
      orders: told.orders.length,
      notices: told.notices.length,
      certainIntervals: analysis.promises,
      lostHolds: analysis.lostHolds,
    },
    swept: analysis.swept,
    service: analysis.service,
    during: analysis.during,
    errorsLogged: outcome.errorsLogged,
    violations: violations.count,
    violationsKept: violations.list,
    violationsExplained: await linesAround(historyFile, violations.list),
    timeline: strokes,
  };
}

function machine() {
  const cores = cpus();
  return {
    cpu: cores[0]?.model.trim() ?? 'unknown',
    cores: cores.length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    /** Below 0: ahead of whatever else ran here. */
    niceness: getPriority(),
    loadAtEnd: loadavg().map((load) => Math.round(load * 10) / 10),
  };
}

/** Faults that struck alone by kind; those that struck together have a row of their own. */
function recoveryByKind(strokes: readonly Stroke[]): KindFigures[] {
  const alone = strokes.filter(({ isOverlapping }) => !isOverlapping);
  const rows = FAULT_NAMES.map((kind) =>
    figuresOf(
      kind,
      alone.filter((stroke) => stroke.kind === kind),
    ),
  );
  rows.push(
    figuresOf(
      'two at once',
      strokes.filter(({ isOverlapping }) => isOverlapping),
    ),
  );
  // A silent link is measured from when it went silent: nobody cannotice at once.
  const isSilent = ({ kind }: Stroke) => kind.endsWith('_silent');
  const silentIds = new Set(strokes.filter(isSilent).map(({ answeringAt }) => answeringAt));
  const told = strokes.filter(({ answeringAt }) => !silentIds.has(answeringAt));
  rows.push(figuresOf('all but silent links', told));
  const unhurried = told.filter(
    ({ cpuPressure }) => cpuPressure !== null && cpuPressure < FREE_CORES_PERCENT,
  );
  rows.push(figuresOf(`of these, cores free (pressure < ${FREE_CORES_PERCENT} %)`, unhurried));
  return rows.filter(({ count }) => count > 0);
}

function figuresOf(kind: string, strokes: readonly Stroke[]): KindFigures {
  const known = strokes.flatMap(({ recovery }) => (recovery === null ? [] : [recovery]));
  return {
    kind,
    count: strokes.length,
    first: spreadOf(known.map(({ firstMs }) => firstMs)),
    all: spreadOf(known.map(({ allMs }) => allMs)),
    exact: spreadOf(strokes.flatMap(({ exactMs }) => (exactMs === null ? [] : [exactMs]))),
  };
}

function markdown(report: Report): string {
  const { seed, mutant, promises } = report;
  const against = mutant === null ? '' : ` against the mutant ${mutant} (${MUTANTS[mutant].says})`;
  return [
    `# Fault campaign, seed ${seed}${against}`,
    `**${report.faults} faults, ${report.violations} violations.** ${promises.holds} holds, ${promises.orders} orders and ${promises.notices} payment notices were acknowledged and compared.`,
    factsPart(report),
    recoveryPart(report),
    '## Never more promised than there is',
    `${promises.certainIntervals} intervals in which a promise certainly stood, swept per sale and, where a sale limits buyers, per buyer.`,
    table(
      ['sale', 'kind', 'allotment', 'most promised at once'],
      report.swept.map(({ saleId, kind, allotment, peak }) => [saleId, kind, allotment, peak].map(String)),
    ),
    '## Service while a store was away',
    'Asked while nothing else was wrong, between when the store went away (killed or frozen) and when it was started or thawed.',
    '### Redis',
    serviceTable(report.during.redis),
    '### MariaDB',
    serviceTable(report.during.mariadb),
    '## Answers',
    serviceTable(report.service),
    violationsPart(report),
    '## Timeline',
    table(
      ['#', 'at', 'fault', 'target', '', 'lasted ms', 'one sells', 'all sell', 'exact'],
      report.timeline.map((stroke) => timelineRow(stroke, Date.parse(report.startedAt))),
    ),
    '',
  ].join('\n\n');
}

function factsPart(report: Report): string {
  const { promises, figures } = report;
  return table(
    ['', ''],
    [
      ['command', `\`${report.command}\``],
      ['started', `${report.startedAt}, ${report.seconds} s`],
      ['versions', pairs(report.versions)],
      ['machine', pairs(report.machine)],
      ['not possible here', pairs(report.impossible) || 'nothing'],
      ['pressure on the cores, % of the time, at each fault', pairs({ ...report.cpuPressure })],
      ['visits', String(report.visits)],
      ['at rest after the load', report.settledMs === null ? 'not reached' : `${report.settledMs} ms`],
      ['orders', pairs(figures?.orders ?? {})],
      ['payments', pairs(figures?.payments ?? {})],
      ['notices whose order never came (parked)', String(figures?.parked ?? '')],
      ['holds lost, by the fault that explains it', pairs(promises.lostHolds) || 'none'],
      ['errors in the logs', pairs(report.errorsLogged) || 'none'],
    ],
  );
}

function recoveryPart({ recovery }: Report): string {
  const spread = (what: string) => [`${what}: median`, 'p99', 'max'];
  const rows = recovery.map(({ kind, count, first, all, exact }) => [
    kind,
    String(count),
    ...spreadCells(first),
    ...spreadCells(all),
    ...spreadCells(exact),
  ]);
  return [
    '## Recovery, in milliseconds',
    'From when the stores (or the process) answered again: until one API sold, until every API that was hit sold, and until every sale was seen exact (I1, I2).',
    table(['fault', 'count', ...spread('one sells'), ...spread('all sell'), ...spread('exact')], rows),
  ].join('\n\n');
}

function timelineRow(stroke: Stroke, startedAt: number): string[] {
  const { id, at, kind, target, detail, isOverlapping, answeringAt, recovery, exactMs } = stroke;
  return [
    String(id),
    `${((at - startedAt) / 1_000).toFixed(1)} s`,
    kind,
    target,
    isOverlapping ? `${detail} (two at once)` : detail,
    String(answeringAt - at),
    recovery === null ? '' : String(recovery.firstMs),
    recovery === null ? '' : String(recovery.allMs),
    exactMs === null ? 'no' : String(exactMs),
  ];
}

function violationsPart({ violations, violationsExplained }: Report): string {
  if (violations === 0) return '## Violations\n\nNone.';
  const parts = violationsExplained.map(({ violation: { at, rule, says }, lines }) =>
    [
      `### ${rule}: ${says}`,
      `At ${new Date(at).toISOString()}.`,
      ['```json', ...lines, '```'].join('\n'),
    ].join('\n\n'),
  );
  return [`## Violations: ${violations}`, ...parts].join('\n\n');
}

function serviceTable(service: Service): string {
  return table(
    ['asked, answered', 'count', 'median ms', 'p99', 'max'],
    Object.entries(service).map(([key, spread]) => [key, String(spread.count), ...spreadCells(spread)]),
  );
}

function spreadCells(spread: Spread | null): string[] {
  return spread === null ? ['', '', ''] : [spread.median, spread.p99, spread.max].map(String);
}

function pairs(values: Readonly<Record<string, unknown>>): string {
  return Object.entries(values)
    .map(([key, value]) => `${key} ${Array.isArray(value) ? value.join(' ') : String(value)}`)
    .join(', ');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
