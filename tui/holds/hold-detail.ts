/** All that is known of a hold. */

import { BLANK, fact, title } from '../look/facts.ts';
import { count, counted, dateTime, money } from '../look/format.ts';
import { span, type Line } from '../look/span.ts';
import { saleName } from '../sales/sale-row.ts';
import type { Frame } from '../state/frames.ts';
import { fullMs, stateWord } from './hold-columns.ts';
import { isLiving, type HoldRow } from './hold-row.ts';
import { leftBar, leftWords } from './time-left.ts';
import { watchedSale } from './watched-sale.ts';

export function detailLines(frame: Frame, row: HoldRow, width: number): Line[] {
  const { rows } = frame.state.holds;
  const sale = watchedSale(frame.state);
  const theirs = row.buyer === null ? [] : rows.filter((one) => one.buyer === row.buyer && isLiving(one));
  const units = theirs.reduce((sum, { quantity }) => sum + quantity, 0);
  const word = stateWord(row, frame.nowMs);
  const value = sale === undefined ? null : money(sale.sale.price * row.quantity, sale.sale.currency);
  return [
    [...title(counted(row.quantity, 'unit')), span('  '), { ...word, text: word.text.trim() }],
    ...clockLines(frame, row, width),
    BLANK,
    ...fact('hold', row.id, width),
    ...fact('buyer', row.buyer ?? 'not told by the storefront', width),
    ...(sale === undefined ? [] : fact('sale', saleName(sale), width)),
    ...(value === null ? [] : fact('worth', value, width)),
    ...fact(row.state === 'pinned' ? 'was due' : 'deadline', dateTime(row.deadlineMs), width),
    ...(theirs.length < 2
      ? []
      : fact('buyer holds', `${counted(units, 'unit')} in ${count(theirs.length)} holds`, width)),
    BLANK,
    ...fact('means', MEANINGS[row.state], width),
  ];
}

function clockLines(frame: Frame, row: HoldRow, width: number): Line[] {
  if (!isLiving(row) || row.state === 'pinned') return [];
  const barWidth = Math.max(0, width - 12);
  return [[leftBar(frame, row, fullMs(frame), barWidth), span('  '), leftWords(frame, row)]];
}

const MEANINGS: Readonly<Record<HoldRow['state'], string>> = {
  held: 'Units are kept for this buyer until the deadline; then they return to stock by themselves.',
  pinned:
    'An order for it is being written, or a late payment took the units. It ends within seconds: as an order, or back in stock.',
  ordered: 'It became an order; see Orders.',
  released: 'It was given back, and its units are in stock.',
  expired: 'Its time ran out, and its units are in stock.',
  lost: 'Redis lost it together with other data. Its units are in stock; its buyer must hold again.',
  gone: 'It is not in the list any more; what became of it was not heard.',
  withdrawn: 'Units that were taken for a payment went back out of the sale.',
};
