/** The units of a sale as a bar and as a sum: both balance, or something is wrong. */

import { gauge, type Part } from '../look/bars.ts';
import { count, counted, percent } from '../look/format.ts';
import { GLYPHS } from '../look/look.ts';
import { fitLine, lineWidth, span, type Line, type Tone } from '../look/span.ts';
import { fitText } from '../look/text.ts';
import { imbalanceOf, stateOf, unitsOf, type SaleRow } from './sale-row.ts';

interface Share extends Part {
  readonly name: string;
  readonly short: string;
  /** False while Redis cannot tell; then `units` is 0. */
  readonly isKnown: boolean;
}

function sharesOf(row: SaleRow): Share[] {
  const { available, held, ordered, paid, returning } = unitsOf(row);
  const share = (name: string, short: string, units: number | null, glyph: string, tone: Tone): Share => ({
    name,
    short,
    units: units ?? 0,
    glyph,
    tone,
    isKnown: units !== null,
  });
  return [
    share('paid', 'paid', paid, GLYPHS.paid, 'paid'),
    share('ordered', 'ordered', ordered, GLYPHS.ordered, 'ordered'),
    share('held', 'held', held, GLYPHS.held, 'held'),
    share(...restName(row), available, GLYPHS.available, isSelling(row) ? 'available' : 'dim'),
    ...(returning === 0 ? [] : [share('returning', 'back', returning, GLYPHS.returning, 'available')]),
  ];
}

function restName(row: SaleRow): [name: string, short: string] {
  const state = stateOf(row);
  return state === 'ended' || state === 'draining' ? ['unsold', 'unsold'] : ['available', 'left'];
}

/** What nobody can get now is not green. */
function isSelling(row: SaleRow): boolean {
  return stateOf(row) === 'live';
}

export function unitsBar(row: SaleRow, width: number): Line {
  const shares = sharesOf(row);
  const { allotment } = unitsOf(row);
  const known = shares.reduce((sum, { units }) => sum + units, 0);
  const unknown: Part = { units: Math.max(0, allotment - known), glyph: GLYPHS.unknown, tone: 'dim' };
  return fitLine(gauge([...shares, unknown], width), width);
}

/** `40 paid + 10 ordered + 20 held + 30 available = 100`, with names as long as there is room for. */
export function unitsSum(row: SaleRow, width: number): Line {
  if (stateOf(row) === 'draft') return [span(counted(unitsOf(row).allotment, 'unit'), 'dim')];
  const long = sumLine(row, ({ name }) => name);
  if (lineWidth(long) <= width) return long;
  const short = sumLine(row, (share) => share.short);
  return lineWidth(short) <= width ? short : sumLine(row, () => '');
}

function sumLine(row: SaleRow, nameOf: (share: Share) => string): Line {
  const { allotment } = unitsOf(row);
  const terms = sharesOf(row).map((share): Line => {
    const name = nameOf(share);
    const { glyph, tone, isKnown, units } = share;
    return [
      span(`${glyph} `, tone),
      span(isKnown ? count(units) : '?'),
      span(name === '' ? '' : ` ${name}`, 'dim'),
    ];
  });
  return [
    ...terms.flatMap((term, index): Line => (index === 0 ? term : [span(' + ', 'dim'), ...term])),
    span(' = ', 'dim'),
    span(count(allotment), undefined, { bold: true }),
  ];
}

const NAME_WIDTH = 12;
const NUMBER_WIDTH = 12;

/** The same sum written down as on paper, one term a line. */
export function unitsTable(row: SaleRow): Line[] {
  const { allotment } = unitsOf(row);
  const imbalance = imbalanceOf(unitsOf(row));
  const shares = sharesOf(row);
  const isWhole = shares.every(({ isKnown }) => isKnown);
  const terms = shares.map(({ name, glyph, tone, isKnown, units }): Line => [
    span(`${glyph} `, tone),
    span(name.padEnd(NAME_WIDTH), 'dim'),
    span(fitText(isKnown ? count(units) : '?', NUMBER_WIDTH, 'right')),
    span(fitText(isKnown && allotment > 0 ? percent(units / allotment) : '', 7, 'right'), 'dim'),
  ]);
  const balance = isWhole
    ? imbalance === 0
      ? span(`  ${GLYPHS.ok} adds up`, 'good')
      : span(`  ! off by ${count(imbalance)}`, 'alarm')
    : span('  unknown while Redis cannot tell', 'warn');
  return [
    ...terms,
    [span(GLYPHS.rule.repeat(2 + NAME_WIDTH + NUMBER_WIDTH), 'dim')],
    [
      span(`  ${'allotment'.padEnd(NAME_WIDTH)}`),
      span(fitText(count(allotment), NUMBER_WIDTH, 'right'), undefined, { bold: true }),
      balance,
    ],
  ];
}
