import { expect, test } from 'bun:test';
import { queryOf, wordsOf } from './inbox-query.ts';

test('the API is asked for what it has words for, as it was typed', () => {
  expect(queryOf('state:parked provider:stripe pi_3Mt')).toEqual({
    asks: { state: 'parked', provider: 'stripe', q: 'pi_3Mt' },
    isWhole: true,
  });
  expect(queryOf('')).toEqual({ asks: {}, isWhole: true });
});

test.each(['!stripe', 'state:park', 'attempts>3', 'pi_1 pi_2', 'intent:pi_1'])(
  'what it has no words for is the terminal\'s own, and a replay of "all that match" would be of others: %s',
  (filter) => {
    const { asks, isWhole } = queryOf(`outcome:applied ${filter}`);
    expect(asks.outcome).toBe('applied');
    expect(isWhole).toBe(false);
  },
);

test('a query is told in words', () => {
  expect(wordsOf({ state: 'parked', q: 'pi_1' })).toBe('state parked, text pi_1');
});
