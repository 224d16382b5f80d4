/** Pause, resume, end, halt: each says first what it does to whom. */

import type { SaleVerb } from '@flash-sale/shared/lifecycle.ts';
import type { Action } from '../actions/action.ts';
import { answerOf } from '../api.ts';
import type { Desk } from '../desk.ts';
import { plain } from '../look/span.ts';
import type { State } from '../state/state.ts';
import { selectedSale } from './board.ts';
import { saleName, slugOf, stateOf, unitsOf, type SaleRow } from './sale-row.ts';
import { CONSEQUENCES } from './verb-words.ts';

export const NO_SALE = 'There is no sale here. n makes one.';

/** Why it cannot be done to the sale under the cursor; null when it can. */
export function whyNotVerb(state: State, verb: SaleVerb): string | null {
  const row = selectedSale(state);
  if (row === undefined) return NO_SALE;
  const { possible } = row.sale;
  if (possible.includes(verb)) return null;
  const others =
    possible.length === 0 ? 'Nothing can be done to it any more.' : `Possible now: ${possible.join(', ')}.`;
  return `${saleName(row)} is ${stateOf(row)}: no ${verb}. ${others}`;
}

export async function sendVerb(
  { api, change }: Desk,
  row: SaleRow,
  verb: SaleVerb,
  reason = '',
): Promise<void> {
  const sale = api.sales({ id: row.sale.id });
  await change({
    what: `${verb.charAt(0).toUpperCase()}${verb.slice(1)} ${saleName(row)}`,
    reason,
    send: (headers) => answerOf(sale[verb].post(undefined, { headers })),
  });
}

const here = { place: 'sales', does: 'changes' } as const;

interface Verb {
  readonly verb: keyof typeof CONSEQUENCES;
  readonly key: string;
  readonly title: string;
  /** It cannot be taken back: the sale's name is typed. */
  readonly isFinal?: boolean;
}

const VERBS: readonly Verb[] = [
  { verb: 'pause', key: 'P', title: 'Pause the sale: no new holds' },
  { verb: 'resume', key: 'r', title: 'Resume the sale after a pause' },
  { verb: 'end', key: 'X', title: 'End the sale for good', isFinal: true },
  { verb: 'halt', key: 'H', title: 'Halt the sale in an emergency: no holds, no orders' },
];

async function perform(desk: Desk, act: Verb): Promise<void> {
  const row = selectedSale(desk.store.get());
  if (row === undefined) return;
  const { verb, isFinal = false } = act;
  const question = {
    title: `${verb.charAt(0).toUpperCase()}${verb.slice(1)} ${saleName(row)}?`,
    lines: CONSEQUENCES[verb](unitsOf(row)).map(plain),
    verb: `${verb} it`,
  };
  const sure = await desk.ask.withReason(isFinal ? { ...question, word: slugOf(row.sale) } : question);
  if (sure !== null) await sendVerb(desk, row, verb, sure.reason);
}

export const VERB_ACTIONS: readonly Action[] = VERBS.map((one): Action => ({
  ...here,
  id: `sale.${one.verb}`,
  keys: [one.key],
  title: one.title,
  hint: one.verb,
  reason: (state) => whyNotVerb(state, one.verb),
  run: (desk) => perform(desk, one),
}));
