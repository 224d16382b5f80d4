import { Elysia } from 'elysia';
import {
  PlacedOrder,
  PlaceOrder,
  type PlacedOrder as PlacedOrderBody,
} from '@flash-sale/shared/contracts/order.ts';
import { majorFromMinor } from '@flash-sale/shared/units.ts';
import { asJson } from '../http/body.ts';
import { documented } from '../http/documented.ts';
import { failEndedHold } from '../http/failures.ts';
import { fail, succeed } from '../http/reply.ts';
import type { Services } from '../services.ts';
import { placeOrder, type Order } from './orders.ts';

/** @param afterPlaced applies payments that arrived before their order, and returns the order as it then is */
export function orderRoutes(services: Services, afterPlaced: (order: Order) => Promise<Order>) {
  return new Elysia().post(
    '/api/orders',
    async ({ body, set }) => {
      const reply = await placeOrder(services, {
        holdId: body.hold_id.toLowerCase(),
        paymentIntentId: body.payment_intent_id,
      });
      switch (reply.kind) {
        case 'created':
          return succeed(set, 201, 'The order is placed.', viewOf(await afterPlaced(reply.order)));
        case 'existing':
          return succeed(set, 200, 'This order was placed before.', viewOf(await afterPlaced(reply.order)));
        case 'hold_not_found':
        case 'hold_expired':
        case 'hold_released':
        case 'hold_lost':
          return failEndedHold(set, reply.kind);
        case 'sale_halted':
          return fail(set, 'sale_paused', 'The sale is stopped; no new orders for now.');
        case 'payment_intent_mismatch':
          return fail(
            set,
            'payment_intent_mismatch',
            'The hold was ordered with another payment intent, or this intent pays another order.',
          );
      }
    },
    {
      ...asJson,
      body: PlaceOrder,
      ...documented({
        summary: 'Turn a hold into an order',
        tag: 'Orders',
        takesBody: true,
        success: { 201: PlacedOrder, 200: PlacedOrder },
        failures: [
          'bad_request',
          'hold_not_found',
          'hold_expired',
          'hold_released',
          'hold_lost',
          'sale_paused',
          'payment_intent_mismatch',
          'unavailable',
        ],
      }),
    },
  );
}

function viewOf(order: Order): PlacedOrderBody {
  return {
    order_id: order.id,
    hold_id: order.holdId,
    status: order.state,
    quantity: order.quantity,
    amount: majorFromMinor(order.amountMinor, order.currency),
    currency: order.currency,
    pay_with: `payment_intent_id: ${order.paymentIntentId}`,
    pay_by: order.payBy.toISOString(),
  };
}
