/** Every bound of the system, with its reason. Relations between bounds are asserted below, at load. */

// ---- a sale and its product ----

/** A line in every list. */
export const PRODUCT_NAME_LENGTH_MAX = 200;

/** A page of text. The audit log keeps it before and after a change, each in 64 kB. */
export const PRODUCT_DESCRIPTION_LENGTH_MAX = 5_000;

/** 10 million units at this price stay below 2^53 minor units. */
export const PRICE_MINOR_MAX = 100_000_000;

/** Redis counts in doubles and a sale in the millions is no flash sale. */
export const ALLOTMENT_MAX = 10_000_000;

/** Sales created by one request: one transaction, well within its time, in a body that is not too large. */
export const SALES_BATCH_MAX = 100;

/** No window of a sale lies beyond this year: the columns of SQL and the numbers of Redis reach further. */
export const WINDOW_YEAR_MAX = 2_199;

/** Below 3 s a hold would end before its buyer has seen it; 5 minutes is the longest anyone may keep units unpaid. */
export const HOLD_TTL_MIN_S = 3;
export const HOLD_TTL_MAX_S = 300;
export const HOLD_TTL_DEFAULT_S = 120;

/** Time to pay after ordering. */
export const PAY_WINDOW_MIN_S = 3;
export const PAY_WINDOW_MAX_S = 86_400;
export const PAY_WINDOW_DEFAULT_S = 300;

/** A sale that opens sooner could do so before Redis has learned of a lower limit per buyer. */
export const LOWERED_LIMIT_LEAD_MS = 60_000;

/** How long the API process may answer from its copy of products and sales. */
export const CATALOG_AGE_MAX_MS = 1_000;

// ---- holds ----

/** One hold. Also bounds the work one buyer can cause: reaping stops once this many units came back. */
export const QUANTITY_MAX = 100;

/** Long enough for any storefront's customer id, short enough to keep a hold record small. */
export const BUYER_ID_LENGTH_MAX = 64;

/** Stripe's bound for idempotency keys. */
export const IDEMPOTENCY_KEY_LENGTH_MAX = 255;

/** retire_sale gives all that a sale leaves in Redis one time to live. The contract promises 10 minutes. */
const RETIRED_SALE_KEPT_MS = 11 * 60_000;

/** An ended hold answers as such for this long before it becomes 404. */
export const ENDED_HOLD_KEPT_MS = RETIRED_SALE_KEPT_MS;

/** After Redis may have lost data, an unknown hold is told "lost" rather than "not found" for this long. */
export const LOSS_REMEMBERED_MS = 15 * 60_000;

/**
 * How long a pin waits for its order transaction before the settler looks for the outcome. Longer than any
 * transaction may take (statement time-out x statements), so that a living request is rarely disturbed.
 */
export const PIN_LEASE_MS = 15_000;

/** Requests of one tick that go to Redis as one call. Bounds how long one call occupies Redis (about 1 ms). */
export const HOLD_BATCH_MAX = 128;

/**
 * Calls for holds of one sale, by one process: while four are at Redis, the next one is filled. One process loses nothing by
 * it; of many, each would else send calls of a request or two, and a call costs Redis ten times a hold in it.
 */
export const HOLDS_LINE = {
  store: 'redis',
  atOnce: 4,
  waitMaxMs: Number.POSITIVE_INFINITY,
  failsTogether: true,
} as const;

/** Holds without an answer that are being released again; more at once are left to their deadline. */
export const UNHEARD_MAX = 10_000;

/** Hold requests are counted over this long, and the counts are kept for twice as long. */
export const RATE_WINDOW_MS = 10_000;

/**
 * Hold requests of one buyer in that time, where the sale does not say otherwise. Far above any person, far below a
 * program that holds and releases in a loop.
 */
export const BUYER_RATE_DEFAULT = 100;

/** A rate this high slows nobody down: null says that plainly. */
export const HOLD_RATE_MAX = 100_000;

/** SQL look-ups of holds that Redis does not know, at once: guessing ids must not take the connections of orders. */
export const LOOKUPS_AT_ONCE = 4;
/** While SQL hangs the others are told so at once, instead of filling the process until it sheds buyers. */
export const LOOKUPS_WAITING_MAX = 100;
export const LOOKUP_WAIT_MAX_MS = 1_000;

/** Overdue holds that a buyer who needs their units ends: about 1.5 ms of Redis time, and units for the largest hold. */
export const REAP_BATCH_MAX = 200;

/** Those that one call of the worker or of a reader ends: 0.4 ms, so that nobody waits for long while a storm returns. */
export const REAP_PIECE_MAX = 50;

/** How long the worker goes on with a sale of which more is due, before it turns to the next. */
export const REAP_TURN_MS = 50;

/** The expiry worker's period; the contract promises stock back within 250 ms of the deadline. */
export const EXPIRY_PERIOD_MS = 50;

// ---- orders and payments ----

/** Stripe's ids are below 70 characters, its own documented bound is 255. */
export const PAYMENT_INTENT_ID_LENGTH_MAX = 255;

/** As long as any provider's id of a refund. */
export const REFUND_REFERENCE_LENGTH_MAX = 255;

/** As long as any name of an event that is acted upon; a provider's own longer one is cut. */
export const DELIVERY_EVENT_LENGTH_MAX = 64;

/** Orders of a sale that one transaction writes. Bounds how long it keeps the sale's row (some milliseconds). */
export const ORDER_BATCH_MAX = 64;

/** Deliveries that one transaction records, or processes. Each may be as large as a body may be. */
export const WEBHOOK_BATCH_MAX = 64;

/** Rows one worker turn takes from SQL; short turns keep transactions short. */
export const WORKER_BATCH_MAX = 100;

/** A gap in the expiry worker's heartbeat longer than this counts as an outage. */
export const OUTAGE_MIN_MS = 5_000;

/** After an outage order expiry pauses for the outage's length within these bounds, so retried webhooks are on time. */
export const EXPIRY_PAUSE_MIN_MS = 60_000;
export const EXPIRY_PAUSE_MAX_MS = 15 * 60_000;

/** A parked delivery whose order never came becomes `unmatched` after this long. */
export const PARKED_MAX_MS = 60 * 60_000;

/** Late payments that wait for a place; the others are told to come again, as providers do. */
export const LATE_WAITING_MAX = 1_000;

/** Signed webhooks may be this old or this far ahead. Standard Webhooks says so, and its library holds to it. */
export const WEBHOOK_TOLERANCE_S = 300;

/** Standard Webhooks asks for at least 24 random bytes. */
export const WEBHOOK_SECRET_BYTES_MIN = 24;

/** A secret of Stripe's is `whsec_` and 32 characters. */
export const STRIPE_SECRET_LENGTH_MIN = 24;

/** Chosen and written down in one transaction, well within its time; what is more is better replayed in parts. */
export const REPLAY_DELIVERIES_MAX = 10_000;

/** Deliveries that a replay processes per second: beside a sale that goes on, unless its operator says otherwise. */
export const REPLAY_RATE_DEFAULT = 50;
export const REPLAY_RATE_MAX = 500;

// ---- the stores, and what goes over both ----

/** A Redis call that took longer has an unknown outcome and is answered 503: within a second, all included. */
export const REDIS_TIMEOUT_MS = 900;

/**
 * A Redis connection that says nothing for so long, though asked, is replaced. Longer than one time-out: what Redis has
 * read from the old connection it still carries out, and only the same connection keeps the order of a hold and the
 * release that takes it back.
 */
export const REDIS_SILENCE_MS = 4_000;

/** How often it is asked which shard of a Redis Cluster has which sales, though nobody noticed a change. */
export const SHARDS_LOOKED_UP_EVERY_MS = 500;

/**
 * An attempt at a transaction that took longer is given up, and none begins after half of it; orders and webhooks
 * are then answered 503.
 */
export const SQL_TIMEOUT_MS = 5_000;

/**
 * Of one sale's orders, or of deliveries, by one process: while one transaction commits, another is filled; a third would
 * only wait. Whoever waited for half of SQL's time is told to come again, as with an attempt that would begin so late.
 */
export const SQL_LINE = { store: 'sql', atOnce: 2, waitMaxMs: SQL_TIMEOUT_MS / 2 } as const;

/** Whole-transaction attempts after a deadlock, lock time-out or snapshot conflict. */
export const TRANSACTION_ATTEMPTS_MAX = 4;

/** Redis and SQL clocks may differ this much before a sale is refused arming. */
export const CLOCK_SKEW_MAX_MS = 5_000;

/**
 * Holds, or buyers, that a rebuild takes at once: a SELECT, or about 5 ms of Redis time, for which other sales wait.
 */
export const REBUILD_CHUNK = 1_000;

/**
 * How long anybody waits for rebuilds, in a line for one too: when Redis lost everything, all sales come at once, and each
 * takes milliseconds. Together with the calls around it that is less than a silent connection lives.
 */
export const REBUILD_WAIT_MAX_MS = 5_000;

/** A rebuild says so often that it goes on: one of a million holds takes many seconds. */
export const REBUILD_MARK_EVERY_MS = 200;
/** Who said nothing for so long is dead, and another one begins: buyers wait for it. Longer than a busy process stalls. */
export const REBUILD_SILENCE_MAX_MS = 1_000;

/** How often the auditor evaluates each sale; it holds the sale's row for a few milliseconds. */
export const AUDIT_PERIOD_MS = 5_000;

/**
 * Living holds whose records every look at a sale counts: about 8 ms of Redis time, in which it serves nobody. The
 * auditor counts more, less often.
 */
export const AUDIT_COUNTED_MAX = 20_000;

/** Rows of a backup are gathered into statements of about this length: fast to carry out, far below what SQL takes at once. */
export const BACKUP_STATEMENT_LENGTH = 128 * 1024;

// ---- operators ----

/** Operators are people and programs of one shop: a name fits a column of the terminal. */
export const OPERATOR_NAME_LENGTH_MAX = 32;

/** The bootstrap token is made by a person or a program of theirs; 32 random characters are beyond guessing. */
export const OPERATOR_TOKEN_LENGTH_MIN = 32;

/** A token that must outlive a year is better issued anew. */
export const TOKEN_DAYS_MAX = 366;

/** One write for a token in each process; to the minute is as exactly as anybody asks. */
export const TOKEN_USE_NOTED_EVERY_MS = 60_000;

/** What the token was sent with is answered by then, so that nobody waits for a connection behind the note. */
export const TOKEN_USE_NOTED_AFTER_MS = 1_000;

/** Keyed changes that wait for their turn: more than any shop's operators and scripts make at once. */
export const OPERATORS_WAITING_MAX = 1_000;

/** `payment`, a provider and the longest intent that is usual; a longer one is cut, and the row has it whole. */
export const AUDIT_TARGET_LENGTH_MAX = 128;

/** A sentence or two, or where to read more; percent-encoded it still fits into the headers of a request. */
export const CHANGE_REASON_LENGTH_MAX = 200;

/** Whoever rehearsed so often in vain since the last success has another question than when that was. */
export const REHEARSALS_LOOKED_AT_MAX = 100;

/** Rows of one page of a list for operators: more than a screen, less than a second. */
export const PAGE_ROWS_MAX = 200;
export const PAGE_ROWS_DEFAULT = 50;

/** Where a page ended: at a payment at the longest, whose intent may be of letters that JSON writes as two. */
export const CURSOR_LENGTH_MAX = 1_024;

/** Hold records that one call of a list looks at: about 1 ms of Redis time. */
export const HOLDS_LOOKED_AT_MAX = 500;

/** Such calls for one page; whoever filters for what is rare goes on with the next page. */
export const HOLD_LOOKS_MAX = 10;

/** Deliveries of one order that its page shows. */
export const TIMELINE_ROWS_MAX = 100;

/** Attempts shown with a delivery. One that is parked is tried some 130 times. */
export const ATTEMPTS_SHOWN_MAX = 50;

/** The overview is as old as this at most: twice a second is as often as anybody reads a screen. */
export const OVERVIEW_AGE_MAX_MS = 500;

/** Sales that one overview looks at exactly at a time: each look holds a connection, and for a moment the sale's row. */
export const OVERVIEW_AT_ONCE = 3;

/** Rates are measured over this long: short enough to follow a sale, long enough not to jump. */
export const RATES_OVER_MS = 10_000;

/** How long Prometheus waits for the stores: it asks every 2 s, and an answer without them is better than none. */
export const SCRAPE_WAIT_MS = 1_000;

// ---- streams ----

/** Stock stream: at most 4 events a second. */
export const STOCK_STREAM_PERIOD_MS = 250;

/** Streams open at once: a spectator costs a socket and four writes a second, and must not cost a buyer. */
export const STREAMS_MAX = 2_000;

/** Proxies close silent streams after 30 s or more. */
export const STREAM_HEARTBEAT_MS = 10_000;

/** Events of a sale that go to its stream as one call: bounds how long that occupies Redis, as above. */
export const EVENT_BATCH_MAX = 128;

/**
 * Entries of a sale's stream of events: one per call of a script. At 2,000 holds a second that is a quarter of a minute
 * if each came alone, and a minute and more as batches come. 100 bytes per hold: 3 MB if each came alone; 260 MB of
 * nothing but full batches, which is four million holds, that took more.
 */
export const EVENTS_KEPT_MAX = 30_000;

/** A stream of a sale that is over lives no longer than this; a consumer that was away for longer is told of a gap. */
export const EVENTS_KEPT_MS = RETIRED_SALE_KEPT_MS;

/** How often the streams are read while somebody listens: what happens is shown within a tenth of a second. */
export const EVENTS_PERIOD_MS = 50;

/** Entries of one stream that are read at once: more than one millisecond can bring, less than Redis would feel. */
export const EVENTS_PAGE = 200;

/** Between two heartbeats; whoever hears none for 10 s is cut off. */
export const EVENTS_HEARTBEAT_MS = 5_000;

/** Operators' streams open at once in one process: terminals and dashboards of one shop. */
export const EVENTS_CONSUMERS_MAX = 50;

/** Waiting for one consumer, in characters: three seconds of 2,000 holds that begin and end. Then it is dropped. */
export const EVENTS_WAITING_MAX = 4_000_000;

/** A consumer that takes nothing in for so long, heartbeats included, is gone. */
export const EVENTS_STUCK_S = 30;

// ---- listeners and processes ----

/** Larger than any request of ours or a payment provider (Standard Webhooks advises < 20 kB). */
export const BODY_BYTES_MAX = 65_536;

/** Seconds without a byte before a connection is closed; slow clients must not hold sockets. */
export const IDLE_TIMEOUT_S = 10;

/**
 * Requests in flight beyond which new ones are told to come back, before their body is read. More than a
 * process answers in a third of a second; whoever waits much longer has given up.
 */
export const REQUESTS_IN_FLIGHT_MAX = 10_000;

/** A payment provider is heard in a crowd of buyers; but whoever floods its address is told to come back, too. */
export const WEBHOOKS_IN_FLIGHT_MAX = 2 * REQUESTS_IN_FLIGHT_MAX;

/** Shutdown waits this long for requests in flight. */
export const DRAIN_MAX_MS = 10_000;

/**
 * Before that, whoever still asks is answered and sent elsewhere, for so long at most: a proxy that looks every second
 * whether a process lives has then seen that this one does not want to.
 */
export const DRAIN_ANNOUNCE_MAX_MS = 2_500;

/** Nobody asked for so long: there is nobody to send elsewhere. */
export const DRAIN_QUIET_MS = 200;

/** An API process that does not serve by then hangs, and is ended: with stores that answer it takes less than a second. */
export const API_START_MAX_MS = 30_000;

/** API processes on one host: each has its connections to SQL, and more than there are cores bring nothing. */
export const API_PROCESSES_MAX = 64;

/** Of one process: enough to keep one hot row busy, few enough to leave room for a second process on a small server. */
export const SQL_CONNECTIONS_MAX = 24;

/** Of the MariaDB that `start` brings: for all processes of this host, and some for people and for the start itself. */
export const EMBEDDED_SQL_CONNECTIONS_MAX = API_PROCESSES_MAX * SQL_CONNECTIONS_MAX + 64;

// ---- how they relate ----

function assertRelation(holds: boolean, sentence: string): void {
  if (!holds) throw new Error(`limits.ts: ${sentence}`);
}

assertRelation(HOLD_TTL_DEFAULT_S >= HOLD_TTL_MIN_S, 'the default hold ttl is shorter than the shortest');
assertRelation(HOLD_TTL_DEFAULT_S <= HOLD_TTL_MAX_S, 'the default hold ttl is longer than the longest');
assertRelation(
  ALLOTMENT_MAX * PRICE_MINOR_MAX <= Number.MAX_SAFE_INTEGER,
  'a sale can be worth more than a safe integer',
);
assertRelation(
  LOSS_REMEMBERED_MS >= HOLD_TTL_MAX_S * 1_000 + 10 * 60_000,
  'a lost hold could be forgotten too early',
);
assertRelation(
  (CURSOR_LENGTH_MAX * 3) / 4 > 2 * PAYMENT_INTENT_ID_LENGTH_MAX + 100,
  'a page could end at a payment from which the next one cannot go on',
);
assertRelation(REDIS_SILENCE_MS > 2 * REDIS_TIMEOUT_MS, 'an unheard hold could not be released');
assertRelation(
  EVENTS_STUCK_S * 1_000 > 2 * EVENTS_HEARTBEAT_MS,
  'a consumer could be taken for stuck between two heartbeats',
);
assertRelation(
  REBUILD_WAIT_MAX_MS + LOOKUP_WAIT_MAX_MS + 3 * REDIS_TIMEOUT_MS < IDLE_TIMEOUT_S * 1_000,
  'a buyer who waits for a rebuild could be cut off instead of told',
);
assertRelation(REAP_BATCH_MAX >= QUANTITY_MAX, 'a buyer could not end enough holds of one unit');
assertRelation(EXPIRY_PERIOD_MS * 2 <= 250, 'stock would come back later than promised');
assertRelation(
  PIN_LEASE_MS > 1.5 * SQL_TIMEOUT_MS,
  'a pin could be settled while its transaction still runs',
);
