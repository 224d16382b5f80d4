/** What is wrong with this installation, or with this terminal, and what to do about it. */

import { EnvironmentError } from '@flash-sale/shared/environment.ts';
import { surroundingsOf, type Settings } from '../config.ts';
import { SettingsFault } from '../contexts.ts';
import type { Check } from '../doctor/check.ts';
import { examine } from '../doctor/doctor.ts';
import { unusableSettings } from '../doctor/settings-checks.ts';
import { terminalChecks } from '../doctor/terminal-checks.ts';
import { measureWidths } from '../doctor/width-probe.ts';
import { GLYPHS } from '../look/look.ts';
import { lineWidth, span, wrapLine, type Line } from '../look/span.ts';
import { safe } from '../look/text.ts';
import { localCommand, type Io } from './command.ts';
import { EXIT } from './exit-codes.ts';
import type { Shape } from './output.ts';
import { on } from './taken.ts';

const SIGNS = { ok: GLYPHS.ok, warn: '!', no: GLYPHS.no } as const;

const CHECK: Shape<Check> = {
  id: 'name',
  fields: ['name', 'verdict', 'says', 'fix'],
  columns: [],
  tell({ name, verdict, says, fix }, width) {
    const tone = verdict === 'ok' ? 'good' : 'warn';
    const head = [span(`${SIGNS[verdict]} ${verdict.padEnd(4)}  `, tone), span(name.padEnd(12), 'dim')];
    return [
      ...hung(head, span(safe(says), verdict === 'ok' ? undefined : 'warn'), width),
      ...(fix === null
        ? []
        : hung([span(' '.repeat(lineWidth(head) - 2)), span('→ ', 'dim')], span(safe(fix)), width)),
    ];
  },
};

/** On as many lines as it takes, each under the first. */
function hung(head: Line, words: Line[number], width: number): Line[] {
  const indent = lineWidth(head);
  return wrapLine([words], Math.max(20, width - indent)).map((line, index) =>
    index === 0 ? [...head, ...line] : [span(' '.repeat(indent)), ...line],
  );
}

export const DOCTOR_COMMANDS = [
  localCommand({
    words: 'doctor',
    summary: 'What is wrong with the installation or with this terminal, and how to mend it',
    details: 'It changes nothing, takes about five seconds, and ends with 1 when something is "no".',
    shape: CHECK,
    flags: { deep: on('look at what takes long too: every row of the audit log') },
    async run({ out, flags, io, readSettings, say }) {
      if (io.err.isTty) say('Looking at everything; the stream of events takes five seconds.');
      const checks = await look(readSettings, flags.deep, io);
      out.list(checks);
      return checks.some(({ verdict }) => verdict === 'no') ? EXIT.failed : EXIT.ok;
    },
  }),
];

async function look(readSettings: () => Settings, isDeep: boolean, io: Io): Promise<Check[]> {
  let settings: Settings;
  try {
    settings = readSettings();
  } catch (error) {
    if (!(error instanceof SettingsFault || error instanceof EnvironmentError)) throw error;
    return [unusableSettings(error.message)];
  }
  // The terminal first: it is asked while nothing else is under way.
  const ofTerminal = await terminalChecks(settings, factsOf(io), (texts) =>
    measureWidths(texts, { input: process.stdin, output: process.stdout }),
  );
  const ofInstallation: Check[] = [];
  for await (const check of examine({ settings, isDeep })) {
    io.signal.throwIfAborted();
    ofInstallation.push(check);
  }
  return [...ofInstallation, ...ofTerminal];
}

function factsOf({ environment }: Io) {
  const { stdin, stdout } = process;
  const isTerminal = stdin.isTTY && stdout.isTTY;
  return {
    ...surroundingsOf(environment),
    size: isTerminal ? { columns: stdout.columns, rows: stdout.rows } : null,
    colorBits: isTerminal ? stdout.getColorDepth() : 1,
  };
}
