/** A sale at a glance: its state and clock, its units as a bar that balances, its pace. */

import { sparkline } from '../look/bars.ts';
import { money, percent, rate, wholeTimeLeft } from '../look/format.ts';
import { asManyAsFit, lineWidth, span, spread, type Line } from '../look/span.ts';
import { fitText, safe } from '../look/text.ts';
import type { Frame } from '../state/frames.ts';
import { stateOf, type SaleRow } from './sale-row.ts';
import { unitsBar, unitsSum } from './sale-units.ts';
import { alarmWords, clockWords, STATE_WIDTH, stateWord, stockWords } from './sale-words.ts';

export const CARD_HEIGHT = 4;

export function cardLines({ nowMs }: Frame, row: SaleRow, width: number): Line[] {
  const isOn = row.seen !== null;
  const sum = unitsSum(row, width - PACE_WIDTH_MIN);
  const right = isOn ? paceWords(row, width - lineWidth(sum) - 2) : termsWords(row);
  return [headLine(row, nowMs, width), unitsBar(row, width), spread(sum, right, width), []];
}

function headLine(row: SaleRow, nowMs: number, width: number): Line {
  const { sale } = row;
  const isCalm = row.seen === null;
  const state = stateWord(row);
  const left: Line = [
    { ...state, text: fitText(state.text, STATE_WIDTH) },
    span('  '),
    span(safe(sale.product_name), isCalm ? 'dim' : undefined, { bold: !isCalm }),
    span(` #${sale.id}`, 'dim'),
    ...[stockWords(row), alarmWords(row)].flatMap((words): Line =>
      words.length === 0 ? [] : [span('  '), ...words],
    ),
  ];
  return spread(left, [span('  '), ...clockWords(row, nowMs)], width);
}

/** What was or is to be sold, of those that do not sell. */
function termsWords(row: SaleRow): Line {
  const { sale } = row;
  const price = money(sale.price, sale.currency);
  if (stateOf(row) !== 'ended') return [span(`  at ${price}`, 'dim')];
  return [span(`  ${money(sale.units.paid * sale.price, sale.currency)} paid`, 'dim')];
}

/** "30 % sold  15/s held" */
const PACE_WIDTH_MIN = 22;
const SPARK_WIDTH_MAX = 60;

/** The most telling first; the line of the last minute takes what is left. */
function paceWords({ seen, held }: SaleRow, width: number): Line {
  if (seen === null) return [];
  const eta = seen.sold_out_in_seconds;
  const words = asManyAsFit(
    [
      [span(percent(seen.sell_through)), span(' sold', 'dim')],
      ...(seen.rates === null || seen.rates.held_per_second === 0
        ? []
        : [[span(rate(seen.rates.held_per_second), 'held'), span(' held', 'dim')]]),
      ...(eta === null || eta === 0 ? [] : [[span('gone in ', 'dim'), span(wholeTimeLeft(eta * 1_000))]]),
    ],
    width,
  );
  const room = Math.min(SPARK_WIDTH_MAX, width - lineWidth(words) - 2);
  if (room < 8 || held.length === 0) return words;
  return [...words, span('  '), span(sparkline(held, room), 'held')];
}
