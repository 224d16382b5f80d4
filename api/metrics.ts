/** Every metric of an API process: name, help, labels. Names are promtool-clean. */

import { Counter, Gauge, Registry } from 'prom-client';
import { COUNTED_EVENTS, COUNTED_OUTCOMES } from '@flash-sale/shared/contracts/webhook.ts';
import { PAYMENT_DISPOSITIONS } from '@flash-sale/shared/lifecycle.ts';

export type Metrics = ReturnType<typeof createMetrics>;

const HOLD_OUTCOMES = [
  'held',
  'replayed',
  'key_reused',
  'not_open',
  'paused',
  'ended',
  'buyer_needed',
  'buyer_limit_reached',
  'insufficient_stock',
  'too_many_requests',
] as const;

/** Each process has its own registry, so that several can live in one test. */
export function createMetrics() {
  const registry = new Registry();
  const registers = [registry];
  const metrics = {
    registry,
    ...auditMetrics(registers),
    ...consumerMetrics(registers),
    holdAttempts: new Counter({
      name: 'flashsale_hold_attempts_total',
      help: 'Requests for a hold, by what became of them. Sold out is not an error.',
      labelNames: ['outcome'],
      registers,
    }),
    payments: new Counter({
      name: 'flashsale_payments_total',
      help: 'Payments recorded, by disposition.',
      labelNames: ['disposition'],
      registers,
    }),
    webhookDeliveries: new Counter({
      name: 'flashsale_webhook_deliveries_total',
      help: 'Webhook deliveries that arrived, each time, by what became of them.',
      labelNames: ['event', 'outcome'],
      registers,
    }),
    sqlGateRefusals: new Counter({
      name: 'flashsale_sql_gate_refusals_total',
      help: 'Holds that SQL refused to turn into orders. Only possible after Redis lost data.',
      registers,
    }),
    holdsLost: new Counter({
      name: 'flashsale_holds_lost_total',
      help: 'Buyers told that their hold was lost with data of Redis.',
      registers,
    }),
    clockSkew: new Gauge({
      name: 'flashsale_clock_skew_seconds',
      help: "How far Redis' clock is ahead of SQL's. A sale is not armed beyond 5 s either way.",
      registers,
    }),
    rebuilds: new Counter({
      name: 'flashsale_rebuilds_total',
      help: 'Times a sale in Redis was rebuilt from SQL and armed.',
      registers,
    }),
  };
  // A series that first appears with its first event hides that event from rate().
  for (const outcome of HOLD_OUTCOMES) metrics.holdAttempts.inc({ outcome }, 0);
  for (const disposition of PAYMENT_DISPOSITIONS) metrics.payments.inc({ disposition }, 0);
  for (const event of COUNTED_EVENTS) {
    for (const outcome of COUNTED_OUTCOMES[event]) metrics.webhookDeliveries.inc({ event, outcome }, 0);
  }
  return metrics;
}

function auditMetrics(registers: Registry[]) {
  return {
    stockDrift: new Gauge({
      name: 'flashsale_stock_drift_units',
      help: 'Units that do not add up between Redis and SQL, by the last audit. 0, always.',
      labelNames: ['sale'],
      registers,
    }),
    addsUp: new Gauge({
      name: 'flashsale_sale_adds_up',
      help: '1 while every sum of the last audit was right: units, lists of holds, orders against the ledger.',
      labelNames: ['sale'],
      registers,
    }),
    oversold: new Gauge({
      name: 'flashsale_oversold_units',
      help: 'Units ordered beyond the allotment. 0, always.',
      labelNames: ['sale'],
      registers,
    }),
  };
}

function consumerMetrics(registers: Registry[]) {
  return {
    eventConsumers: new Gauge({
      name: 'flashsale_event_consumers',
      help: 'Streams of events that operators have open.',
      registers,
    }),
    eventConsumersDropped: new Counter({
      name: 'flashsale_event_consumers_dropped_total',
      help: 'Streams of events that were ended because their consumer was too slow.',
      registers,
    }),
  };
}
