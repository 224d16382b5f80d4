/** The durable truth. PRIMARY KEYs, UNIQUEs and CHECKs carry the invariants (I1..I8 in ARCHITECTURE.md). */

import { sql } from 'drizzle-orm';
import {
  bigint,
  char,
  check,
  customType,
  datetime,
  index,
  int,
  mediumtext,
  mysqlEnum,
  mysqlTable,
  primaryKey,
  text,
  tinyint,
  unique,
  varchar,
} from 'drizzle-orm/mysql-core';
import {
  ATTEMPT_CAUSES,
  CREDIT_REASONS,
  DELIVERY_STATES,
  HOLD_OUTCOMES,
  OPERATOR_ROLES,
  ORDER_STATES,
  PAYMENT_DISPOSITIONS,
  REPLAY_STATES,
  SALE_STATES,
} from '@flash-sale/shared/lifecycle.ts';
import {
  AUDIT_TARGET_LENGTH_MAX,
  BUYER_ID_LENGTH_MAX,
  CHANGE_REASON_LENGTH_MAX,
  DELIVERY_EVENT_LENGTH_MAX,
  IDEMPOTENCY_KEY_LENGTH_MAX,
  PAYMENT_INTENT_ID_LENGTH_MAX,
  PRODUCT_NAME_LENGTH_MAX,
  REFUND_REFERENCE_LENGTH_MAX,
} from '@flash-sale/shared/limits.ts';

/** A UUID in 16 bytes. */
const uuid = customType<{ data: string; driverData: Buffer }>({
  dataType: () => 'binary(16)',
  toDriver: (id) => Buffer.from(id.replaceAll('-', ''), 'hex'),
  fromDriver: (bytes) => bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'),
});

/** Ids of the outer world are compared byte by byte: 'pi_a' and 'PI_A' are two payments. */
const ascii = (length: number) =>
  customType<{ data: string }>({
    dataType: () => `varchar(${length}) character set ascii collate ascii_bin`,
  })();

/** UTC, to the millisecond. */
const instant = () => datetime({ mode: 'date', fsp: 3 });
const createdAt = () =>
  instant()
    .notNull()
    .default(sql`(utc_timestamp(3))`);
const saleId = () => int({ unsigned: true }).notNull();
const currency = () => char({ length: 3 }).notNull();
const amountMinor = () => bigint({ mode: 'number', unsigned: true }).notNull();

export const products = mysqlTable('products', {
  id: int({ unsigned: true }).autoincrement().primaryKey(),
  name: varchar({ length: PRODUCT_NAME_LENGTH_MAX }).notNull(),
  description: text().notNull(),
  priceMinor: amountMinor(),
  currency: currency(),
  createdAt: createdAt(),
});

/** The ledger of a sale. `committed` changes only together with `seq`, in one conditional statement. */
export const sales = mysqlTable(
  'sales',
  {
    id: int({ unsigned: true }).autoincrement().primaryKey(),
    productId: int({ unsigned: true })
      .notNull()
      .references(() => products.id),
    state: mysqlEnum(SALE_STATES).notNull().default('draft'),
    priceMinor: amountMinor(),
    currency: currency(),
    allotment: int({ unsigned: true }).notNull(),
    committed: int({ unsigned: true }).notNull().default(0),
    seq: bigint({ mode: 'number', unsigned: true }).notNull().default(0),
    epoch: bigint({ mode: 'number', unsigned: true }).notNull().default(0),
    /** The last epoch at which a Redis was armed: says whether a Redis has seen everything since. */
    armedEpoch: bigint({ mode: 'number', unsigned: true }).notNull().default(0),
    opensAt: instant().notNull(),
    closesAt: instant(),
    endedAt: instant(),
    holdTtlMs: int({ unsigned: true }).notNull(),
    payWindowMs: int({ unsigned: true }).notNull(),
    buyerLimit: int({ unsigned: true }),
    /** Hold requests per RATE_WINDOW_MS and buyer; null: the default. */
    buyerRate: int({ unsigned: true }),
    /** Hold requests per RATE_WINDOW_MS and address; null: not limited. */
    addressRate: int({ unsigned: true }),
    createdAt: createdAt(),
    /** The product while the sale is on, else NULL: a product has at most one sale that is on. */
    sellingProductId: int({ unsigned: true }).generatedAlwaysAs(
      sql`(case when state in ('live','paused') then product_id end)`,
      { mode: 'stored' },
    ),
  },
  (table) => [
    check('sales_committed_within_allotment', sql`committed <= allotment`),
    check('sales_window', sql`closes_at is null or closes_at > opens_at`),
    unique('sales_one_on_per_product').on(table.sellingProductId),
    index('sales_by_product').on(table.productId),
    index('sales_by_state').on(table.state),
  ],
);

/** The one decision about a pinned hold (I3). Whoever inserts first decides; everybody else reads. */
export const holdOutcomes = mysqlTable(
  'hold_outcomes',
  {
    holdId: uuid().primaryKey(),
    saleId: saleId(),
    outcome: mysqlEnum(HOLD_OUTCOMES).notNull(),
    orderId: uuid(),
    createdAt: createdAt(),
  },
  () => [check('hold_outcomes_order', sql`(outcome = 'ordered') = (order_id is not null)`)],
);

export const orders = mysqlTable(
  'orders',
  {
    id: uuid().primaryKey(),
    holdId: uuid().notNull(),
    saleId: saleId(),
    buyerId: ascii(BUYER_ID_LENGTH_MAX),
    quantity: int({ unsigned: true }).notNull(),
    amountMinor: amountMinor(),
    currency: currency(),
    paymentIntentId: ascii(PAYMENT_INTENT_ID_LENGTH_MAX).notNull(),
    state: mysqlEnum(ORDER_STATES).notNull().default('pending'),
    payBy: instant().notNull(),
    /** The provider's name of the refund, once an operator has seen it made. */
    refundReference: varchar({ length: REFUND_REFERENCE_LENGTH_MAX }),
    createdAt: createdAt(),
    updatedAt: createdAt(),
  },
  (table) => [
    check('orders_quantity', sql`quantity > 0`),
    check('orders_refund', sql`(state = 'refunded') = (refund_reference is not null)`),
    unique('orders_hold').on(table.holdId),
    unique('orders_payment_intent').on(table.paymentIntentId),
    index('orders_due').on(table.state, table.payBy),
    // The newest of a sale and state, and the sums of their units, which are asked every second, without their rows.
    index('orders_of_sale').on(table.saleId, table.state, table.id, table.quantity),
    index('orders_by_buyer').on(table.buyerId),
  ],
);

/** Committed units per buyer: the per-buyer limit is enforced twice, like stock. */
export const buyerUnits = mysqlTable(
  'buyer_units',
  {
    saleId: saleId(),
    buyerId: ascii(BUYER_ID_LENGTH_MAX).notNull(),
    units: int({ unsigned: true }).notNull(),
  },
  (table) => [primaryKey({ columns: [table.saleId, table.buyerId] })],
);

/** Units that SQL gave back and Redis has to learn of, once (I4). */
export const stockCredits = mysqlTable(
  'stock_credits',
  {
    id: bigint({ mode: 'number', unsigned: true }).autoincrement().primaryKey(),
    saleId: saleId(),
    /** The sale's seq right after the units were given: Redis skips what its snapshot already counted. */
    seq: bigint({ mode: 'number', unsigned: true }).notNull(),
    units: int({ unsigned: true }).notNull(),
    buyerId: ascii(BUYER_ID_LENGTH_MAX),
    reason: mysqlEnum(CREDIT_REASONS).notNull(),
    /** What gave the units: an order id, or an operator's request id. */
    reference: varchar({ length: 64 }).notNull(),
    deliveredAt: instant(),
    createdAt: createdAt(),
  },
  (table) => [
    check('stock_credits_units', sql`units > 0`),
    unique('stock_credits_once').on(table.reason, table.reference),
    unique('stock_credits_seq').on(table.saleId, table.seq),
    index('stock_credits_undelivered').on(table.deliveredAt, table.saleId),
  ],
);

/** One row per payment intent, with one disposition (I5). */
export const payments = mysqlTable(
  'payments',
  {
    provider: ascii(32).notNull(),
    intentId: ascii(PAYMENT_INTENT_ID_LENGTH_MAX).notNull(),
    orderId: uuid(),
    amountMinor: bigint({ mode: 'number', unsigned: true }),
    currency: char({ length: 3 }),
    disposition: mysqlEnum(PAYMENT_DISPOSITIONS).notNull(),
    deliveryId: bigint({ mode: 'number', unsigned: true }).notNull(),
    /** The provider's name of the refund, once the money went back: nobody owes it any more. */
    refundReference: varchar({ length: REFUND_REFERENCE_LENGTH_MAX }),
    createdAt: createdAt(),
  },
  (table) => [
    primaryKey({ columns: [table.provider, table.intentId] }),
    index('payments_by_order').on(table.orderId),
    index('payments_by_disposition').on(table.disposition),
  ],
);

/** The inbox: one webhook delivery as received, written before it is answered (I6). */
export const deliveries = mysqlTable(
  'deliveries',
  {
    id: bigint({ mode: 'number', unsigned: true }).autoincrement().primaryKey(),
    provider: ascii(32).notNull(),
    /** SHA-256 over the sender's key and the facts stated: the same key with other facts is another delivery. */
    dedupeKey: char({ length: 64 }).notNull(),
    /** What the sender called it: webhook-id or Idempotency-Key. */
    senderKey: ascii(IDEMPOTENCY_KEY_LENGTH_MAX),
    event: ascii(DELIVERY_EVENT_LENGTH_MAX).notNull(),
    /** Empty in events of a provider that are about no payment: they are recorded, and nothing is made of them. */
    intentId: ascii(PAYMENT_INTENT_ID_LENGTH_MAX).notNull(),
    holdId: uuid(),
    signed: tinyint({ unsigned: true }).notNull(),
    headers: text().notNull(),
    body: mediumtext().notNull(),
    state: mysqlEnum(DELIVERY_STATES).notNull().default('received'),
    outcome: varchar({ length: 64 }),
    receivedCount: int({ unsigned: true }).notNull().default(1),
    attempts: int({ unsigned: true }).notNull().default(0),
    nextAttemptAt: instant(),
    receivedAt: createdAt(),
    lastReceivedAt: createdAt(),
    processedAt: instant(),
  },
  (table) => [
    unique('deliveries_once').on(table.provider, table.dedupeKey),
    index('deliveries_due').on(table.state, table.nextAttemptAt),
    index('deliveries_by_intent').on(table.intentId),
    index('deliveries_by_hold').on(table.holdId),
    index('deliveries_by_sender_key').on(table.senderKey),
    index('deliveries_by_outcome').on(table.outcome),
  ],
);

/** Each time something was made of a delivery, or was tried. */
export const deliveryAttempts = mysqlTable(
  'delivery_attempts',
  {
    id: bigint({ mode: 'number', unsigned: true }).autoincrement().primaryKey(),
    deliveryId: bigint({ mode: 'number', unsigned: true }).notNull(),
    cause: mysqlEnum(ATTEMPT_CAUSES).notNull(),
    /** As in the delivery's own outcome; null when it failed. */
    outcome: varchar({ length: 64 }),
    /** Why it failed. */
    fault: varchar({ length: 255 }),
    durationMs: int({ unsigned: true }).notNull(),
    createdAt: createdAt(),
  },
  (table) => [index('delivery_attempts_by_delivery').on(table.deliveryId)],
);

/** An operator's order to process deliveries again, carried out by a worker: it goes on where a dead one stopped. */
export const replays = mysqlTable(
  'replays',
  {
    id: int({ unsigned: true }).autoincrement().primaryKey(),
    actor: varchar({ length: 100 }).notNull(),
    state: mysqlEnum(REPLAY_STATES).notNull().default('running'),
    /** Says what would happen, and does nothing. */
    dryRun: tinyint({ unsigned: true }).notNull(),
    /** What was asked for, as JSON. */
    filter: text().notNull(),
    perSecond: int({ unsigned: true }).notNull(),
    total: int({ unsigned: true }).notNull(),
    createdAt: createdAt(),
    finishedAt: instant(),
  },
  (table) => [index('replays_by_state').on(table.state)],
);

/** The deliveries of a replay, chosen when it was ordered; one without an outcome is still to be done. */
export const replayItems = mysqlTable(
  'replay_items',
  {
    replayId: int({ unsigned: true }).notNull(),
    deliveryId: bigint({ mode: 'number', unsigned: true }).notNull(),
    outcome: varchar({ length: 64 }),
    /** Whether it changed anything, or would. */
    changed: tinyint({ unsigned: true }),
    fault: varchar({ length: 255 }),
    doneAt: instant(),
  },
  (table) => [
    primaryKey({ columns: [table.replayId, table.deliveryId] }),
    index('replay_items_to_do').on(table.replayId, table.doneAt),
  ],
);

/** The auditor's last verdict about each sale. */
export const saleAudits = mysqlTable('sale_audits', {
  saleId: int({ unsigned: true }).primaryKey(),
  /** What I2 adds up to, less the allotment: 0, always. */
  drift: int().notNull(),
  /** Whether every sum was right. */
  isRight: tinyint({ unsigned: true }).notNull(),
  auditedAt: instant().notNull(),
});

/** When a worker last ran, by the SQL clock: a gap is an outage, after which order expiry pauses. */
export const heartbeats = mysqlTable('heartbeats', {
  name: ascii(32).primaryKey(),
  beatAt: instant().notNull(),
  pausedUntil: instant(),
});

export const operators = mysqlTable(
  'operators',
  {
    id: int({ unsigned: true }).autoincrement().primaryKey(),
    name: varchar({ length: 100 }).notNull(),
    role: mysqlEnum(OPERATOR_ROLES).notNull(),
    /** SHA-256 of a 256-bit random token: nothing to guess, so no slow hash is needed. */
    tokenHash: char({ length: 64 }).notNull(),
    expiresAt: instant(),
    revokedAt: instant(),
    createdAt: createdAt(),
    /** To the minute, and by what could be written then. */
    lastUsedAt: instant(),
  },
  (table) => [unique('operators_name').on(table.name), unique('operators_token').on(table.tokenHash)],
);

/**
 * Append-only, hash-chained: each row's hash covers the row and the hash before it. A row is also the record of the
 * request that made the change: the same Idempotency-Key again finds it, with the reply that was given.
 */
export const auditLog = mysqlTable(
  'audit_log',
  {
    id: bigint({ mode: 'number', unsigned: true }).autoincrement().primaryKey(),
    actor: varchar({ length: 100 }).notNull(),
    action: varchar({ length: 64 }).notNull(),
    target: varchar({ length: AUDIT_TARGET_LENGTH_MAX }).notNull(),
    before: text(),
    after: text(),
    requestId: varchar({ length: 64 }).notNull(),
    previousHash: char({ length: 64 }).notNull(),
    hash: char({ length: 64 }).notNull(),
    createdAt: createdAt(),
    idempotencyKey: ascii(IDEMPOTENCY_KEY_LENGTH_MAX),
    /** SHA-256 of the request under that key. */
    fingerprint: char({ length: 64 }),
    /** Why, in the operator's words; null when none were given. */
    reason: varchar({ length: CHANGE_REASON_LENGTH_MAX }),
    /** What was answered, as JSON; written after the change, and not covered by the hash. */
    reply: mediumtext(),
  },
  (table) => [
    unique('audit_log_chain').on(table.previousHash),
    unique('audit_log_once').on(table.actor, table.idempotencyKey),
    index('audit_log_by_target').on(table.target),
  ],
);

/** One row: the newest hash of the audit log. Whoever writes the next row locks it first. */
export const auditChain = mysqlTable('audit_chain', {
  id: tinyint({ unsigned: true }).primaryKey(),
  hash: char({ length: 64 }).notNull(),
});
