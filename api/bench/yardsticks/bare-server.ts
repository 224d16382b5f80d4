/**
 * Yardstick (a): what Elysia does with the same request and the same reply when there is nothing to decide. Only the
 * validation and the headers are ours.
 */

import { Elysia } from 'elysia';
import { PlaceHold } from '@flash-sale/shared/contracts/hold.ts';
import { HEADERS, listenForBench, PLACED, PRODUCT } from './replies.ts';

listenForBench(
  new Elysia({ normalize: false })
    .headers(HEADERS)
    .post(
      '/api/holds',
      ({ set }) => {
        set.status = 201;
        set.headers['location'] = `/api/holds/${PLACED.data.hold_id}`;
        return PLACED;
      },
      { parse: 'json', body: PlaceHold },
    )
    .get('/api/products/:id', () => PRODUCT),
);
