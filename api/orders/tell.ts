import type { OrderState } from '@flash-sale/shared/lifecycle.ts';
import { majorFromMinor } from '@flash-sale/shared/units.ts';
import { publish } from '../events/publish.ts';
import type { HoldOrder } from '../holds/outcome.ts';
import type { Services } from '../services.ts';

/** Tells operators what became of an order. Call it after COMMIT. */
export function tellOrder(services: Services, order: HoldOrder, state: OrderState): void {
  const { id, saleId, holdId, quantity, amountMinor, currency, buyerId } = order;
  publish(services, saleId, {
    type: `order.${state}`,
    order_id: id,
    hold_id: holdId,
    quantity,
    amount: majorFromMinor(amountMinor, currency),
    currency,
    buyer_id: buyerId,
  });
}
