/** Composes the listeners from the features' routes. Whoever calls it decides where they listen. */

import { eventRoutes } from './events/events.routes.ts';
import { holdRoutes } from './holds/holds.routes.ts';
import { operatorHoldRoutes } from './holds/operator-holds.routes.ts';
import { readOutcome } from './holds/outcome.ts';
import { docs } from './http/docs.ts';
import { openDoor, type Door } from './http/door.ts';
import { createFrame } from './http/frame.ts';
import { healthRoutes } from './http/health.routes.ts';
import { operatorsOnly } from './http/operator.ts';
import { auditRoutes } from './operators/audit.routes.ts';
import { operatorRoutes } from './operators/operators.routes.ts';
import { rehearsalRoutes } from './operators/rehearsals.routes.ts';
import { allotmentRoutes } from './orders/allotment.routes.ts';
import { operatorOrderRoutes } from './orders/operator-orders.routes.ts';
import type { Order } from './orders/orders.ts';
import { orderRoutes } from './orders/orders.routes.ts';
import { refundRoutes } from './orders/refunds.routes.ts';
import { overviewRoutes } from './overview/overview.routes.ts';
import { applyParked } from './payments/inbox.ts';
import { paymentRoutes } from './payments/payments.routes.ts';
import { replayRoutes } from './payments/replay.routes.ts';
import { stripeRoutes } from './payments/stripe.routes.ts';
import { webhookRoutes } from './payments/webhooks.routes.ts';
import { operatorProductRoutes } from './products/operator-products.routes.ts';
import { productRoutes } from './products/products.routes.ts';
import type { StockStream } from './products/stock-stream.ts';
import { saleMoveRoutes } from './sales/sale-moves.routes.ts';
import { saleTermsRoutes } from './sales/sale-terms.routes.ts';
import { saleRoutes } from './sales/sales.routes.ts';
import type { Services } from './services.ts';

/** For buyers and payment providers. */
export function createApp(services: Services, stream: StockStream, door = openDoor()) {
  const frame = createFrame(services, 'public', door, () => stream.watchers);
  return frame
    .use(docs('Flash Sale', 'Hold units, order them, pay. For buyers and payment providers.'))
    .use(productRoutes(services, stream))
    .use(holdRoutes(services, () => frame.server))
    .use(orderRoutes(services, (order) => payFromParked(services, order)))
    .use(paymentRoutes(services))
    .use(stripeRoutes(services));
}

/** For operators, supervisors and Prometheus. */
export function createOpsApp(services: Services, door = openDoor()) {
  return createFrame(services, 'ops', door)
    .use(operatorsOnly(services))
    .use(docs('Flash Sale operations', 'Launch sales, watch them, look into orders and webhooks.', true))
    .use(healthRoutes(services, door))
    .use(overviewRoutes(services))
    .use(eventRoutes(services))
    .use(operatorRoutes(services))
    .use(auditRoutes(services))
    .use(rehearsalRoutes(services))
    .use(operatorProductRoutes(services))
    .use(saleRoutes(services))
    .use(saleTermsRoutes(services))
    .use(saleMoveRoutes(services))
    .use(allotmentRoutes(services))
    .use(operatorHoldRoutes(services))
    .use(operatorOrderRoutes(services))
    .use(refundRoutes(services))
    .use(webhookRoutes(services))
    .use(replayRoutes(services));
}

/** Of a process that serves nobody: for supervisors and Prometheus only. */
export function createHealthApp(services: Services, door: Door) {
  return createFrame(services, 'ops', door).use(healthRoutes(services, door));
}

export type OpsApp = ReturnType<typeof createOpsApp>;

/** The order as it is once payments that were faster than it are applied. Orders know nothing of payments. */
async function payFromParked(services: Services, order: Order): Promise<Order> {
  if (order.state !== 'pending') return order;
  try {
    if ((await applyParked(services, order)) === 0) return order;
    return (await readOutcome(services, order.holdId))?.order ?? order;
  } catch (error) {
    // The order stands; a worker applies the payment.
    services.log.warn('a parked payment was left to the workers', { orderId: order.id, error });
    return order;
  }
}
