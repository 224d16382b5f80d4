/** What operators do to a sale: schedule, launch, pause, resume, end, halt. */

import { possibleVerbs, VERB_MOVES, type SaleState, type SaleVerb } from '@flash-sale/shared/lifecycle.ts';
import type { Act } from '../operators/audit-log.ts';
import type { Services } from '../services.ts';
import { writeMove } from './move.ts';
import { tellRedis, tellRedisIfNeeded, type Told } from './tell-redis.ts';

export type Acted =
  | { kind: 'done'; state: SaleState; told: Told }
  | { kind: 'sale_not_found' }
  | { kind: 'impossible'; state: SaleState; possible: SaleVerb[] }
  | { kind: 'window_over'; state: SaleState; closesAt: Date; possible: SaleVerb[] }
  | { kind: 'product_busy' };

const SELLING: readonly SaleVerb[] = ['schedule', 'launch', 'resume'];

/**
 * Needs SQL only, so that a halt works while Redis is away: no order is made from then on, whatever Redis believes,
 * and it hears of the halt as soon as it answers. @throws StoreUnavailable of SQL
 */
export async function actOnSale(
  services: Services,
  saleId: number,
  verb: SaleVerb,
  act: Act,
): Promise<Acted> {
  const { from, to } = VERB_MOVES[verb];
  const move = {
    action: `sale.${verb}`,
    from,
    to,
    isToSell: SELLING.includes(verb),
    opensNow: verb === 'launch',
  };
  const written = await writeMove(services, saleId, move, act);
  switch (written.kind) {
    case 'moved':
      return { kind: 'done', state: to, told: await tellRedis(services, saleId) };
    case 'unmoved':
      return { kind: 'done', state: to, told: await tellRedisIfNeeded(services, saleId) };
    case 'impossible':
      // Whoever asks for the end once more is not told off because it has come.
      if (verb === 'end' && written.from === 'ended') {
        return { kind: 'done', state: 'ended', told: { kind: 'told' } };
      }
      return { kind: 'impossible', state: written.from, possible: possibleVerbs(written.from) };
    case 'window_over': {
      const { from: state, closesAt } = written;
      const possible = possibleVerbs(state).filter((other) => !SELLING.includes(other));
      return { kind: 'window_over', state, closesAt, possible };
    }
    case 'sale_not_found':
    case 'product_busy':
      return written;
  }
}
