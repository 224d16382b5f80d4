/** Everything about one sale. */

import { sparkline } from '../look/bars.ts';
import { BLANK, fact, title } from '../look/facts.ts';
import { ago, count, dateTime, money, percent, rate, timeLeft, wholeTimeLeft } from '../look/format.ts';
import { GLYPHS } from '../look/look.ts';
import { asManyAsFit, span, type Line, type Span } from '../look/span.ts';
import { safe } from '../look/text.ts';
import type { Frame } from '../state/frames.ts';
import { limitLines } from './sale-limits.ts';
import { slugOf, stateOf, unitsOf, type SaleRow } from './sale-row.ts';
import { unitsBar, unitsTable } from './sale-units.ts';
import { alarmWords, clockWords, stateWord, stockWords } from './sale-words.ts';

export function detailLines({ nowMs }: Frame, row: SaleRow, width: number): Line[] {
  const { sale } = row;
  const alarm = alarmWords(row);
  return [
    [span(safe(sale.product_name), undefined, { bold: true }), span(` #${sale.id}`, 'dim')],
    asManyAsFit(
      [[stateWord(row)], stockWords(row), clockWords(row, nowMs)].filter(({ length }) => length > 0),
      width,
    ),
    ...(alarm.length === 0 ? [] : [alarm]),
    unitsBar(row, width),
    ...unitsTable(row),
    BLANK,
    ...paceLines(row, width),
    title('Terms'),
    ...termsLines(row, nowMs, width),
    BLANK,
    title('Record'),
    ...recordLines(row, nowMs, width),
  ];
}

function paceLines(row: SaleRow, width: number): Line[] {
  const { sale, seen, held } = row;
  const { paid } = unitsOf(row);
  const taken = fact(
    'money',
    `${money(paid * sale.price, sale.currency)} of ${money(sale.allotment * sale.price, sale.currency)}`,
    width,
  );
  if (seen === null) return [title('Pace'), ...taken, BLANK];
  const { rates, sold_out_in_seconds: eta, sell_through: sold } = seen;
  return [
    title('Pace'),
    ...fact('sold', percent(sold), width),
    ...taken,
    ...(rates === null
      ? fact('rates', span('not measured yet', 'dim'), width)
      : fact(
          `over ${rates.seconds} s`,
          `${rate(rates.held_per_second)} held, ${rate(rates.ordered_per_second)} ordered, ${rate(rates.paid_per_second)} paid`,
          width,
        )),
    ...fact('sold out', etaWord(eta), width),
    ...(held.length === 0
      ? []
      : [[span('last minute'.padEnd(16), 'dim'), span(sparkline(held, Math.min(60, width - 16)), 'held')]]),
    BLANK,
  ];
}

function etaWord(eta: number | null): Span {
  if (eta === 0) return span(`${GLYPHS.ok} yes`, 'paid');
  if (eta === null) return span('not while nothing is ordered', 'dim');
  return span(`in ${wholeTimeLeft(eta * 1_000)} at this rate`);
}

function termsLines({ sale }: SaleRow, nowMs: number, width: number): Line[] {
  const opensAtMs = Date.parse(sale.opens_at);
  return [
    ...fact('price', money(sale.price, sale.currency), width),
    ...fact('opens', when(opensAtMs, nowMs), width),
    ...fact(
      'closes',
      sale.closes_at === null ? 'when it is ended' : when(Date.parse(sale.closes_at), nowMs),
      width,
    ),
    ...fact('a hold lasts', wholeTimeLeft(sale.hold_ttl * 1_000), width),
    ...fact('time to pay', wholeTimeLeft(sale.pay_window * 1_000), width),
    ...limitLines(sale, width),
  ];
}

function when(atMs: number, nowMs: number): string {
  const distance = atMs > nowMs ? `in ${timeLeft(atMs - nowMs)}` : ago(nowMs - atMs);
  return `${dateTime(atMs)} (${distance})`;
}

/** Books can be wrong while no unit is missing: a hold that no list has, orders that the ledger does not know. */
function wrongOf({ drift }: { readonly drift: number }): string {
  return drift === 0 ? 'the books do not add up' : `drift of ${count(drift)}`;
}

function recordLines(row: SaleRow, nowMs: number, width: number): Line[] {
  const { sale, seen } = row;
  const verdict = seen?.audit ?? null;
  const audit =
    verdict === null
      ? span('not audited', 'dim')
      : verdict.is_right
        ? span(`${GLYPHS.ok} right, ${ago(nowMs - Date.parse(verdict.at))}`, 'good')
        : span(`! ${wrongOf(verdict)}, ${ago(nowMs - Date.parse(verdict.at))}`, 'alarm');
  const oldest = seen?.oldest_hold_expires_at ?? null;
  return [
    ...fact('audit', audit, width),
    ...fact('Redis', armedWord(row), width),
    ...(oldest === null
      ? []
      : fact('next hold ends', `in ${wholeTimeLeft(Date.parse(oldest) - nowMs)}`, width)),
    ...fact(
      'can',
      sale.possible.length === 0 ? span('nothing any more', 'dim') : sale.possible.join(', '),
      width,
    ),
    ...fact('called', slugOf(sale), width),
    ...fact('product', String(sale.product_id), width),
    ...fact('created', when(Date.parse(sale.created_at), nowMs), width),
  ];
}

function armedWord(row: SaleRow): Span {
  const state = stateOf(row);
  if (state === 'draft' || state === 'ended') return span('does not serve it', 'dim');
  return row.seen?.armed === true
    ? span(`${GLYPHS.ok} serves it, epoch ${row.sale.epoch}`, 'good')
    : span('! does not serve it now; a worker arms it', 'warn');
}
