/** Every metric of an API process: name, help, labels. Names are promtool-clean. */

import { Counter, Gauge, Registry } from 'prom-client';
import { COUNTED_EVENTS, COUNTED_OUTCOMES } from '@flash-sale/shared/contracts/webhook.ts';
import { PAYMENT_DISPOSITIONS } from '@flash-sale/shared/lifecycle.ts';
import { createHistogram } from './histogram.ts';
import { addProcessMetrics } from './process-metrics.ts';

export type Metrics = ReturnType<typeof createMetrics>;

/** For buyers and payment providers, or for operators. */
export type Listener = 'public' | 'ops';

/** Each process has its own registry, so that several can live in one test. */
/** @param holdDecisions each of which is a series from the start */
export function createMetrics(holdDecisions: readonly string[]) {
  const registry = new Registry();
  const registers = [registry];
  const histograms = createHistograms();
  const ofSales = saleMetrics(registers);
  const metrics = {
    /** Everything, as Prometheus reads it. */
    async text(): Promise<string> {
      const texts = Object.values(histograms).map((histogram) => histogram.text());
      return [await registry.metrics(), ...texts].join('\n');
    },
    contentType: registry.contentType,
    ...histograms,
    ...ofSales,
    /** Sales that are over must not go on as they last were. */
    forgetSales(): void {
      for (const gauge of Object.values(ofSales)) gauge.reset();
    },
    ...countedMetrics(registers),
    ...waitingMetrics(registers),
    ...storeMetrics(registers),
    ...httpMetrics(registers),
    ...consumerMetrics(registers),
    endProcessMetrics: addProcessMetrics(registry, (seconds) => histograms.loopDelay.observe(seconds)),
  };
  // A series that first appears with its first event hides that event from rate().
  metrics.httpTurnedAway.inc({ listener: 'public', status: 503 }, 0);
  for (const status of [401, 503]) metrics.httpTurnedAway.inc({ listener: 'ops', status }, 0);
  for (const route of ['/api/holds', '/api/orders']) {
    for (const status of ['500', '503']) metrics.httpDuration.begin('public', 'POST', route, status);
  }
  for (const outcome of holdDecisions) metrics.holdAttempts.inc({ outcome }, 0);
  for (const disposition of PAYMENT_DISPOSITIONS) metrics.payments.inc({ disposition }, 0);
  for (const event of COUNTED_EVENTS) {
    for (const outcome of COUNTED_OUTCOMES[event]) metrics.webhookDeliveries.inc({ event, outcome }, 0);
  }
  return metrics;
}

/** What this process has done so far. */
function countedMetrics(registers: Registry[]) {
  return {
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
    rebuilds: new Counter({
      name: 'flashsale_rebuilds_total',
      help: 'Times a sale in Redis was rebuilt from SQL and armed.',
      registers,
    }),
  };
}

/** Read from the stores when Prometheus asks, so they are right in every process and after every restart. */
function saleMetrics(registers: Registry[]) {
  return {
    saleUnits: new Gauge({
      name: 'flashsale_sale_units',
      help: 'Units of a sale by where they are now; available, held, ordered and paid add up to total.',
      labelNames: ['sale', 'state'],
      registers,
    }),
    saleSteps: new Gauge({
      name: 'flashsale_sale_steps',
      help: 'Units that ever came this far: held, then ordered, then paid; expired and released fell out unordered.',
      labelNames: ['sale', 'step'],
      registers,
    }),
    saleArmed: new Gauge({
      name: 'flashsale_sale_armed',
      help: '1 while Redis may sell units of the sale.',
      labelNames: ['sale'],
      registers,
    }),
    saleState: new Gauge({
      name: 'flashsale_sale_state',
      help: '1 for the state that the sale is in, 0 for the others.',
      labelNames: ['sale', 'state'],
      registers,
    }),
    stockDrift: new Gauge({
      name: 'flashsale_stock_drift_units',
      help: 'Units that do not add up between Redis and SQL. 0, always.',
      labelNames: ['sale'],
      registers,
    }),
    addsUp: new Gauge({
      name: 'flashsale_sale_adds_up',
      help: '1 while every sum is right: units, lists of holds, orders against the ledger.',
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

/** What waits for a worker or a person, read from SQL when Prometheus asks; and the workers of this process. */
function waitingMetrics(registers: Registry[]) {
  return {
    deliveriesWaiting: new Gauge({
      name: 'flashsale_deliveries_waiting',
      help: 'Webhook deliveries that nothing was made of yet; parked ones came before their order.',
      labelNames: ['state'],
      registers,
    }),
    refundsDue: new Gauge({
      name: 'flashsale_refunds_due',
      help: 'Payments that are owed back.',
      registers,
    }),
    workersQuiet: new Gauge({
      name: 'flashsale_workers_quiet_seconds',
      help: 'Since a worker of any process last looked for orders to expire.',
      registers,
    }),
    workerTurnAt: new Gauge({
      name: 'flashsale_worker_turn_timestamp_seconds',
      help: 'When this worker of this process last ended a turn well.',
      labelNames: ['worker'],
      registers,
    }),
  };
}

function storeMetrics(registers: Registry[]) {
  return {
    storeUp: new Gauge({
      name: 'flashsale_store_up',
      help: '1 while the store, and every shard of it, answers this process.',
      labelNames: ['store'],
      registers,
    }),
    clockSkew: new Gauge({
      name: 'flashsale_clock_skew_seconds',
      help: "How far Redis' clock is ahead of SQL's. A sale is not armed beyond 5 s either way.",
      registers,
    }),
    dbConnections: new Gauge({
      name: 'flashsale_db_connections',
      help: 'Connections to SQL that are in use, and work that waits for one.',
      labelNames: ['state'],
      registers,
    }),
  };
}

/**
 * Buyers are many and wait for milliseconds. Operators are few, and have most of the routes: of theirs it is enough to
 * see whether they answer at once, soon or late.
 */
const BUYERS_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];
const OPERATORS_BUCKETS = [0.005, 0.025, 0.1, 0.5, 2.5];

/** What happens again and again, and how long it took. */
function createHistograms() {
  return {
    dbDuration: createHistogram({
      name: 'flashsale_db_duration_seconds',
      help: 'How long SQL took, retries included; connection is the wait for a free one.',
      labelNames: ['op'],
      buckets: () => [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
    }),
    scriptDuration: createHistogram({
      name: 'flashsale_redis_script_duration_seconds',
      help: 'From a script being sent to Redis until its reply was read.',
      labelNames: ['script'],
      buckets: () => [0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1],
    }),
    batchSize: createHistogram({
      name: 'flashsale_batch_size',
      help: 'Requests for a hold that went to Redis as one call.',
      buckets: () => [1, 2, 4, 8, 16, 32, 64, 128],
    }),
    expiryLag: createHistogram({
      name: 'flashsale_expiry_lag_seconds',
      help: 'How late the oldest overdue hold of a turn was ended by the worker. Buyers see deadlines exactly.',
      buckets: () => [0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 15],
    }),
    httpDuration: createHistogram({
      name: 'http_request_duration_seconds',
      help: 'From a request being read until its answer was handed over. Streams are left out.',
      labelNames: ['listener', 'method', 'route', 'status'],
      buckets: ([listener]) => (listener === 'public' ? BUYERS_BUCKETS : OPERATORS_BUCKETS),
    }),
    loopDelay: createHistogram({
      name: 'flashsale_event_loop_delay_seconds',
      help: 'How late a timer was: what every request waits at least.',
      buckets: () => [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1],
    }),
  };
}

function httpMetrics(registers: Registry[]) {
  /** Of each listener that is open. */
  const httpPending = new Map<Listener, () => number>();
  return {
    httpPending,
    httpInFlight: new Gauge({
      name: 'http_requests_in_flight',
      help: 'Requests that are not answered yet, open streams among them.',
      labelNames: ['listener'],
      registers,
      collect() {
        for (const [listener, pending] of httpPending) this.set({ listener }, pending());
      },
    }),
    httpTurnedAway: new Counter({
      name: 'http_requests_turned_away_total',
      help: 'Requests answered before they were looked at: too many at once, or without a valid token.',
      labelNames: ['listener', 'status'],
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
