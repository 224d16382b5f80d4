import { describe, expect, test } from 'bun:test';
import {
  ARMED_SALE_STATES,
  COMMITTED_ORDER_STATES,
  ORDER_MOVES,
  ORDER_STATES,
  ORDERABLE_SALE_STATES,
  possibleVerbs,
  SALE_MOVES,
  SALE_STATES,
  VERB_MOVES,
  type OrderState,
  type SaleState,
} from './lifecycle.ts';

function reachable<State extends string>(
  moves: Readonly<Record<State, readonly State[]>>,
  from: State,
): State[] {
  const seen = new Set<State>([from]);
  for (const state of seen) for (const next of moves[state]) seen.add(next);
  return [...seen].sort();
}

describe('a sale', () => {
  test('can reach every state from a draft, and ended from every state', () => {
    expect(reachable<SaleState>(SALE_MOVES, 'draft')).toEqual([...SALE_STATES].sort());
    for (const state of SALE_STATES) expect(reachable<SaleState>(SALE_MOVES, state)).toContain('ended');
    expect(SALE_MOVES.ended).toEqual([]);
  });

  test('never sells again once it drains', () => {
    for (const state of ['draining', 'ended'] as const) expect(SALE_MOVES[state]).not.toContain('live');
  });

  test('can be stopped from every state in which it sells or will', () => {
    for (const state of ['scheduled', 'live', 'paused', 'draining'] as const) {
      expect(SALE_MOVES[state]).toContain('halted');
    }
    // A halted sale does not sell again before somebody has looked.
    expect(SALE_MOVES.halted).not.toContain('live');
  });

  test('is moved by operators along every move there is, but for the end that comes by itself', () => {
    for (const state of SALE_STATES) {
      const moves = possibleVerbs(state).map((verb) => VERB_MOVES[verb].to);
      expect(new Set(moves).size).toBe(moves.length);
      const byOperators = SALE_MOVES[state].filter((next) => next !== 'ended');
      expect(moves.toSorted()).toEqual(byOperators.toSorted());
    }
  });

  test('is served by Redis wherever its holds may become orders', () => {
    for (const state of ORDERABLE_SALE_STATES) expect(ARMED_SALE_STATES).toContain(state);
    expect(ORDERABLE_SALE_STATES as readonly string[]).not.toContain('halted');
  });
});

describe('an order', () => {
  test('can reach every state, and ends where no money is owed or still due', () => {
    expect(reachable<OrderState>(ORDER_MOVES, 'pending')).toEqual([...ORDER_STATES].sort());
    expect(ORDER_STATES.filter((state) => ORDER_MOVES[state].length === 0)).toEqual(['refunded']);
  });

  test('never waits for a payment again, and gives money back only on the way over refund_due', () => {
    for (const state of ORDER_STATES) expect(ORDER_MOVES[state]).not.toContain('pending');
    const before = ORDER_STATES.filter((state) => ORDER_MOVES[state].includes('refunded'));
    expect(before).toEqual(['refund_due']);
  });

  test('consumes units while it is pending or paid', () => {
    expect(COMMITTED_ORDER_STATES).toEqual(['pending', 'paid']);
  });
});
