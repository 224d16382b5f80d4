/**
 * Yardstick (a): what Elysia does with the same request and the same reply when there is nothing to decide. Only the
 * validation and the headers are ours.
 */

import { Elysia } from 'elysia';
import { PlaceHold } from '@flash-sale/shared/contracts/hold.ts';
import { HEADERS, listenForBench, PLACED, PRODUCT, SOLD_OUT, tellPlaced } from './replies.ts';

listenForBench(
  new Elysia({ normalize: false })
    .headers(HEADERS)
    .post(
      '/api/holds',
      ({ body, set }) => {
        tellPlaced(set, body);
        return PLACED;
      },
      { parse: 'json', body: PlaceHold },
    )
    .post(
      '/sold-out',
      ({ set }) => {
        set.status = 409;
        return SOLD_OUT;
      },
      { parse: 'json', body: PlaceHold },
    )
    .get('/api/products/:id', () => PRODUCT),
);
