/** What the terminal in front of the operator can show. The commands need none of it. */

import type { Settings } from '../config.ts';
import { COLUMNS_MIN, ROWS_MIN } from '../frame/layout.ts';
import { GLYPHS } from '../look/look.ts';
import { widthOf } from '../look/text.ts';
import { toolsFor, type Surroundings } from '../terminal/clipboard.ts';
import { ok, warn, type Check } from './check.ts';

/** As the environment and the operating system tell. */
export interface TerminalFacts extends Surroundings {
  readonly term: string;
  /** Of the characters of this session: "en_US.UTF-8". */
  readonly locale: string;
  /** null: there is no terminal on stdin and stdout. */
  readonly size: { readonly columns: number; readonly rows: number } | null;
  /** 1: none. */
  readonly colorBits: number;
}

/** A terminal that agrees about these agrees about everything that the terminal draws by itself. */
export const SAMPLES = [
  ...Object.values(GLYPHS).flatMap((sign) => (typeof sign === 'string' ? [sign] : Object.values(sign))),
  '…',
  '漢',
  'é',
  'e\u0301',
];

/** @param measure tells how wide the terminal draws each sample; null: it does not say */
export async function terminalChecks(
  { ascii, color }: Pick<Settings, 'ascii' | 'color'>,
  facts: TerminalFacts,
  measure: (texts: readonly string[]) => Promise<readonly number[] | null>,
): Promise<Check[]> {
  const { term, locale, size, colorBits } = facts;
  if (size === null) {
    const fix = 'to open the terminal, run it on one: over SSH with ssh -t';
    return [warn('terminal', 'there is none on stdin and stdout: only commands work', fix)];
  }
  return [
    ok(
      'terminal',
      [term || 'TERM is not set', facts.isInsideTmux && 'in tmux', facts.isOverSsh && 'over SSH']
        .filter(Boolean)
        .join(', '),
    ),
    sizeCheck(size),
    color === 'none'
      ? ok('colours', 'none, as it was asked for')
      : colorBits > 1
        ? ok('colours', colorBits >= 24 ? 'all' : String(2 ** colorBits))
        : warn('colours', 'the terminal has none', 'set TERM to what the terminal is, like xterm-256color'),
    /utf-?8/i.test(locale) || ascii
      ? ok('locale', locale || 'is not set, and only ASCII is drawn')
      : warn(
          'locale',
          `${locale || 'is not set'}: may be without UTF-8`,
          'export LC_ALL=C.UTF-8, or use --ascii',
        ),
    ascii ? ok('characters', 'ASCII alone') : charactersCheck(await measure(SAMPLES)),
    clipboard(facts),
  ];
}

function sizeCheck({ columns, rows }: { columns: number; rows: number }): Check {
  const says = `${columns} columns, ${rows} rows`;
  if (columns >= COLUMNS_MIN && rows >= ROWS_MIN) return ok('size', says);
  return warn(
    'size',
    says,
    `make it larger: at least ${COLUMNS_MIN} columns and ${ROWS_MIN} rows, better 80 and 24`,
  );
}

function charactersCheck(widths: readonly number[] | null): Check {
  if (widths === null) {
    return warn(
      'characters',
      'the terminal does not say how wide it draws them',
      'if lines look shifted, use --ascii',
    );
  }
  const wrong = SAMPLES.filter((sample, index) => widths[index] !== widthOf(sample));
  if (wrong.length === 0) return ok('characters', 'are as wide as they should be');
  const says = `${wrong.slice(0, 5).join(' ')}: ${wrong.length} of ${SAMPLES.length} are not as wide as they should be`;
  return warn('characters', says, 'set ambiguous characters to narrow in the terminal, or use --ascii');
}

function clipboard(facts: Surroundings): Check {
  const tool = toolsFor(facts).find(([name]) => Bun.which(name) !== null);
  if (tool !== undefined) return ok('clipboard', `with ${tool.join(' ')}`);
  return ok('clipboard', 'by OSC 52, which some terminals do not allow: try y on a row');
}
