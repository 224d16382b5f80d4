import { expect, test } from 'bun:test';
import { orderQuery, type OrderQuery } from './order-query.ts';

test.each<[string, OrderQuery]>([
  ['', {}],
  ['pi_Abc', { q: 'pi_Abc' }],
  ['state:paid sale:7 pi_1', { state: 'paid', sale: '7', q: 'pi_1' }],
  ['buyer:Ann', { buyer: 'Ann' }],
  ['intent:pi_9', { q: 'pi_9' }],
  // Not a state yet, not a sale, and what only the terminal can tell.
  ['state:pa', {}],
  ['sale:0 sale:x', {}],
  ['!pi_1 !state:paid amount>100 units:2', {}],
])('of the filter %p the API looks for %p', (filter, query) => {
  expect(orderQuery(filter)).toEqual(query);
});
