/** Board A: whether the sale is honest, how it sells, and what limits it, on one screen. */

import { board } from './board.ts';
import { buyers } from './operator/buyers.ts';
import { honest } from './operator/honest.ts';
import { limits } from './operator/limits.ts';
import { money } from './operator/money.ts';
import { sale } from './operator/sale.ts';

export const operator = board({
  uid: 'flashsale-operator',
  description:
    'Whether the sale is honest, how it sells, and what limits it. From top to bottom, on one screen.',
  variables: ['sale'],
  since: 'now-15m',
  refresh: '5s',
  rows: [honest, sale, buyers, money, limits],
});
