/**
 * The 57 points at which a process, a store, a clock or a network can let a sale down, and the tests that speak for
 * each. A test is named by a part of its title as its file writes it, or, where a table of the file makes the titles,
 * by the line of that table.
 */

export interface CrashPoint {
  readonly happens: string;
  readonly tests: readonly NamedTest[];
}

interface NamedTest {
  /** In api/. */
  readonly file: string;
  readonly title: string;
}

const testsIn =
  (file: string) =>
  (...titles: string[]): NamedTest[] =>
    titles.map((title) => ({ file, title }));

const inHolds = testsIn('test/matrix/holds.test.ts');
const inOrders = testsIn('test/matrix/orders.test.ts');
const inFailover = testsIn('test/matrix/failover.test.ts');
const inDamage = testsIn('test/matrix/redis-damage.test.ts');
const inPayments = testsIn('test/matrix/payments.test.ts');
const inClocks = testsIn('test/matrix/clocks.test.ts');
const inProcesses = testsIn('test/matrix/processes.test.ts');
const inFrozen = testsIn('test/matrix/frozen.test.ts');
const crash = testsIn('test/crash.test.ts');
const redisLoss = testsIn('test/redis-loss.test.ts');
const underLoad = testsIn('test/redis-loss-under-load.test.ts');
const sqlLoss = testsIn('test/sql-loss.test.ts');
const outage = testsIn('http/outage.test.ts');
const steps = testsIn('test/script-steps.test.ts');
const rebuild = testsIn('test/script-rebuild.test.ts');
const scripts = testsIn('redis/hold-scripts.test.ts');
const holdRoutes = testsIn('holds/holds.routes.test.ts');
const orderTests = testsIn('orders/orders.test.ts');
const paymentTests = testsIn('payments/payments.test.ts');
const late = testsIn('payments/late.test.ts');
const signature = testsIn('payments/signature.test.ts');
const sales = testsIn('sales/sales.test.ts');
const allotment = testsIn('orders/allotment.test.ts');

function point(happens: string, ...tests: (readonly NamedTest[])[]): CrashPoint {
  return { happens, tests: tests.flat() };
}

export const CRASH_POINTS: Readonly<Record<number, CrashPoint>> = {
  // A hold.
  1: point(
    'The API dies before Redis is asked for a hold: nothing is left, the same key makes it.',
    inHolds('before Redis was asked leaves nothing behind'),
  ),
  2: point(
    'The API dies after the hold was made, before its answer: the same key finds it.',
    crash('the same key finds the hold, and nothing more is taken (I4)'),
    inHolds('what runs after its death is one hold'),
  ),
  3: point(
    'Redis hangs, the buyer hears 503, the command runs later: found by its key, or given back.',
    redisLoss('frozen and back, it does not hold twice for one key (I4)'),
    testsIn('holds/holds.test.ts')('does not keep units for nobody'),
    inFrozen('Redis hangs: holds are refused with 503'),
  ),
  4: point(
    'The same key twice at once is one hold; with another body it is refused.',
    inHolds('the same key at two APIs at once is one hold'),
    holdRoutes('makes one hold of 30 requests at once, and answers 201 once'),
    holdRoutes('with another quantity, ttl or buyer is another request'),
    testsIn('test/crowd.test.ts')('with three requests per idempotency key'),
  ),
  5: point(
    'A hold ends and every worker is dead: buyers who need its units end it.',
    holdRoutes('for the buyer who needs its units, with no worker running'),
    scripts('ends overdue holds itself when units are short'),
  ),
  6: point(
    'A reaper is killed in the middle of many: each hold ends once.',
    inHolds('are ended once, by whoever is left, when their reaper is killed -9'),
    steps('takes a bounded bite, and the next one finds the rest (I4)'),
  ),
  7: point(
    'A hold is released in the instant it ends: its units come back once.',
    inHolds('that are released, ordered, reaped and needed in the instant they end come back once each'),
  ),
  8: point(
    'Redis has forgotten the scripts: they are sent again.',
    inHolds('a Redis that forgot every script is taught them again'),
    redisLoss('sells again to the next buyer, and every hold is still there (I2, I7)'),
  ),

  // An order.
  9: point(
    'A hold ends while it is being ordered: the pin decides, before its deadline only.',
    inHolds('an order in the last moment is made, one after it is refused'),
    scripts('is exact to the millisecond'),
    steps('keeps a hold beyond its deadline: nothing but an outcome ends it (I3)'),
  ),
  10: point(
    'The API dies after the pin, before SQL: its buyer finishes, or the settler voids it.',
    crash("'order.pinned': [", 'a buyer who never returns loses the hold, and the units come back once'),
  ),
  11: point(
    'The API dies in the transaction: it is undone, then as 10.',
    crash("'order.written': [", 'nothing was written, and the same request makes the order (I3)'),
  ),
  12: point(
    'COMMIT was sent and its answer lost: nobody guesses, the primary key knows.',
    sqlLoss('a COMMIT whose answer is lost is not guessed at'),
    crash('the same request finds the order (I3, I6)'),
    sqlLoss('while an order was written makes one order of it, however it answered (I3)'),
  ),
  13: point(
    'The API dies after COMMIT, before Redis is told: the settler tells it, no unit returns.',
    crash('the settler alone carries it into Redis, and no unit returns (I4, I8)'),
    testsIn('test/properties/features.test.ts')('keep every unit, order and payment through'),
  ),
  14: point(
    'The transaction is slower than its lease: the void waits for it, and one of them stands.',
    inOrders(
      'is not voided by the settler, which waits for it: it stands',
      'and then fails is voided by the settler that waited',
    ),
  ),
  15: point(
    'An order is asked for at two APIs: one order, one answer.',
    inOrders('an order asked for at two APIs at once, under one slow row'),
    orderTests('of 20 identical requests at once is one order'),
    orderTests('of 20 requests at once with 20 intents is one order'),
  ),
  16: point(
    'One attempt fails while another is in flight: the hold stays pinned.',
    inOrders('an attempt that fails while another is in flight does not unpin the hold'),
  ),
  17: point(
    'Deadlock or lock time-out: the whole transaction again, then 503, and the pin stays.',
    inOrders(
      'for a deadlock is written by the next attempt',
      'for a row that stays locked is refused with 503 in time, stays pinned',
    ),
  ),
  18: point(
    'SQL is away for 30 s: holds go on, orders are 503, and expiry pauses afterwards.',
    inOrders('after SQL was away for 30 s no order expires for a minute'),
    sqlLoss('and is away refuses orders and payments for now, while holds go on (I7)'),
    sqlLoss('and lost what it had not acknowledged gives back the units once (I2, I4)'),
    late('pauses after an outage, so that payments which were kept from us are not made late'),
  ),
  19: point(
    'MariaDB is killed in a commit: what was acknowledged is there, or the sale is not armed.',
    sqlLoss('has every order and payment that was acknowledged, and answers retries the same (I6)'),
    sqlLoss('a MariaDB killed -9 at any instant under load loses nothing that was acknowledged'),
    testsIn('embedded/mariadb.test.ts')('MariaDB keeps a committed row over kill -9'),
    inFrozen('a SQL that may lose commits is not sold from: the reason is named (I6)'),
  ),

  // Redis loses something.
  20: point(
    'Redis is killed and comes back with everything: rebuilt, every hold survives.',
    redisLoss('sells again to the next buyer, and every hold is still there (I2, I7)'),
    underLoad('a Redis killed -9 and restarted loses no hold, no order, no payment (I1..I8)'),
  ),
  21: point(
    'Redis lost its last writes: SQL says what was ordered, lost holds are told so.',
    inDamage('that ends in the middle of a write is read up to there, and nothing is sold twice'),
    redisLoss('sells nothing twice: what SQL knows is dropped, the rest is kept (I1, I2)'),
    redisLoss('may have promised too much: SQL refuses, the buyer is told, and the debt heals (I1, I7)'),
    underLoad('a Redis that comes back as it was a moment ago sells nothing twice (I1..I6, I8)'),
  ),
  22: point(
    'Redis is flushed or comes back empty: it sells nothing until it is rebuilt from SQL.',
    redisLoss('tells the buyer, sells the units again, and what was ordered stays sold (I1, I2, I7)'),
    underLoad('a FLUSHALL loses holds, says so, and loses nothing else (I1..I6, I8)'),
    underLoad('a Redis that comes back empty loses holds, says so, and loses nothing else'),
  ),
  23: point(
    'A replica that lagged behind takes over: not armed there; rebuilt, nothing is sold twice.',
    inFailover('sells nothing until it is rebuilt, then nothing twice, and who lost a hold is told'),
    testsIn('test/failback.test.ts')('is not armed, though its process is the one that was'),
  ),
  24: point(
    'The old master lives on and grants holds: SQL refuses the older epoch.',
    inFailover(
      'grants holds that SQL does not take at its word: both sides together sell what there is (I1, I3)',
    ),
    testsIn('test/cluster-split-brain.test.ts')('becomes no order beyond the allotment, and after healing'),
  ),
  25: point(
    'The append-only file is damaged in its middle: Redis says so; set aside, as 22.',
    inDamage('that is damaged in its middle is refused in Redis’ own words; set aside'),
  ),
  26: point(
    'Redis has no memory or no disk: holds are 503, and what gives units back goes on.',
    inDamage('for want of memory refuses holds; orders, payments and what gives units back go on'),
    inDamage('to its disk (MISCONF) refuses holds and orders and changes nothing; payments go on'),
    rebuild('a hold is refused whole: nothing is written, and the outcome is "not now"'),
    rebuild('what gives units back still works: settling, credits, reaping, releasing (I8)'),
  ),
  27: point(
    'Keys are lost or edited: the auditor sees it, pauses the sale and rebuilds it.',
    testsIn('orders/audit.test.ts')('sees drift at once, and pauses and rebuilds the sale'),
    inDamage('costs nothing for long: every unit that nobody holds or bought is sold again (I2, I8)'),
    rebuild('makes sense of what is left when keys are damaged (I2, I8)'),
  ),
  28: point(
    'A rebuilder dies anywhere, two rebuild at once, a rebuild arrives late: at most one stands.',
    crash("'rebuild.raised': [", 'the next buyer alone rebuilds, and no hold is lost (I7)'),
    rebuild('runs at most once: its commit and its begin sent again change nothing'),
    rebuild('commits only in the Redis that it began in: not after a flush, not in another process'),
    redisLoss('by many at once leaves one that stands, under buyers who go on (I2)'),
    inFailover('is not armed by a rebuild that was begun in the new one'),
  ),

  // A payment.
  29: point(
    'A webhook is faster than its order: parked, and applied when the order is there.',
    paymentTests(
      'is 404 but recorded, and the order is answered as paid (I6)',
      'is applied by a worker when the process that placed the order died before it could',
      'is unmatched, and money is owed back, when no order ever comes',
    ),
  ),
  30: point(
    'A payment after expiry: takes the units again if they are free, else is owed back.',
    late('takes the units again when they are free', 'is owed back when %s'),
    crash('the late payment takes units once, and the dead take returns its own (I2, I5)'),
  ),
  31: point(
    'A webhook twice at once is one payment.',
    paymentTests('told by 50 identical webhooks at once is one payment and one sale (I5)'),
  ),
  32: point(
    'Two deliveries of one intent are one payment.',
    paymentTests('told under many names is one payment (I5)'),
  ),
  33: point(
    'Another intent for the same order: recorded, and owed back.',
    paymentTests('of a second intent for one hold is owed back, and the first stands (I5)'),
  ),
  34: point(
    'A wrong amount or currency: recorded as a mismatch, and not applied.',
    paymentTests('or its currency being wrong is a mismatch: recorded, and the order is not paid'),
  ),
  35: point(
    'A signature that is bad, missing or stale: 401, and nothing is written.',
    signature('a webhook is refused and nothing is recorded', 'up to five minutes early or late'),
  ),
  36: point(
    'The API dies after the delivery was recorded: a worker or the provider goes on.',
    crash('the inbox is worked off without the provider (I6)'),
    crash('the provider sends it again, and the payment is applied once (I5)'),
    inPayments('after its inbox was left by a process that never went on is paid once'),
  ),
  37: point(
    'The API dies after the payment, before its answer: told again, it is 200 and nothing new.',
    crash('the provider hears that it is paid (I5)'),
  ),
  38: point(
    'SQL is away: webhooks are 503, and 200 comes only after COMMIT.',
    outage('is gone, what must be written down is refused with 503'),
    outage('was gone and is back, the same requests succeed, each once (I3, I5, I8)'),
    inFrozen('SQL hangs: holds go on, orders and webhooks are refused with 503'),
  ),
  39: point(
    'A payment and the expiry of its order in the same instant: the first to lock it wins.',
    inPayments(
      'when the payment has the order: expiry passes it by',
      'when expiry has the order: the payment waits',
    ),
    late('a payment that meets the expiry of its order is applied, in time or late'),
  ),
  40: point(
    'Facts arrive out of order: the same end in any order.',
    inPayments('facts that arrive in any order come to the same end (I5)'),
    late('is outweighed by a success that comes after it', 'changes nothing once the order is paid'),
    testsIn('payments/refund.test.ts')(
      'end at refunded in any order: %s (I1, I2, I4, I5)',
      'that nobody came back for still counts when its success arrives a day later (I5)',
    ),
  ),
  41: point(
    'A delivery is replayed, twice and at once: nothing more happens.',
    inPayments('by 12 replays at once, in time and late, changes nothing more (I4, I5)'),
    testsIn('payments/replay.test.ts')(
      'of 1,000 processed deliveries changes nothing, and says so for each (I4, I5)',
      'applies what is parked and what failed before, and each replay is audited (I5)',
    ),
    testsIn('test/crash-operators.ts')(
      'another worker finishes the replay, and each delivery has one result',
    ),
  ),

  // Units that are given back.
  42: point(
    'The worker dies after SQL gave units back, before Redis: the credit is delivered later.',
    crash('the units are owed, and delivered once (I2, I4)'),
  ),
  43: point(
    'The worker dies after Redis took a credit, before it is acknowledged: applied once.',
    crash('the credit is delivered again and applied once; the provider hears the same (I4)'),
  ),
  44: point(
    'A credit is delivered to the old master: not acknowledged, the new one is told too.',
    inFailover('does not acknowledge a credit: the new one is told of the units, once (I2, I4)'),
    steps('says at which epoch, so that an old Redis cannot acknowledge'),
  ),
  45: point(
    'A credit around a rebuild: counted in the snapshot or applied, never both.',
    inPayments('is counted once, whether it was given before, during or after (I2, I4)'),
    rebuild('counts from its own base: old credits are covered, new ones are applied once (I4)'),
    crash('a rebuild counts the units in its snapshot, and they are not added again (I4)'),
    redisLoss('does not count units twice that were given back around the loss (I4)'),
  ),

  // Operators, clocks, machines.
  46: point(
    'A sale is ended while holds are active: they live their time, it ends after the last.',
    inProcesses('who ends a sale while holds are active lets each of them live its time'),
    sales('drains a sale: nobody holds any more, what is held may be ordered'),
  ),
  47: point(
    'Emergency stop: no holds, no new orders; pending orders stay payable.',
    inProcesses('who halts a sale in the middle of orders stops each of them or none'),
    sales('halts a sale: nothing new becomes an order, a pending order stays payable'),
  ),
  48: point(
    'Units are added and the API dies in between: the credit is delivered later, once.',
    allotment('reach Redis once, though the process died in between'),
    testsIn('test/crash-operators.ts')('units that an operator added are owed, and delivered once'),
  ),
  49: point(
    'An allotment is lowered below what is promised: refused, because it is a take.',
    allotment('are never units that somebody was promised'),
    testsIn('test/crash-operators.ts')("'shrink.taken': [", "'shrink.committed': ["),
    testsIn('test/migrate.test.ts')('a sale that committed more than its allotment (I1)'),
  ),
  50: point(
    'Launch is pressed twice, or by two: one sale, opened once.',
    inProcesses('who launches twice, or two at once, opens one sale once'),
  ),
  51: point(
    "Redis' clock is ahead: holds end early, nothing else; 5 s apart is not armed.",
    inClocks(
      'ahead ends holds early: their buyers are told expired, and nothing else is wrong',
      'by more than 5 s keep a sale from being armed, with the difference in the reason',
    ),
  ),
  52: point(
    "Redis' clock is behind: holds linger, and no longer than the longest hold.",
    inClocks(
      'a Redis whose clock was set back keeps no unit longer',
      'behind harms nobody meanwhile: the holds may be ordered and released',
      'behind keeps no unit longer than the longest hold, once the sale was rebuilt',
    ),
  ),
  53: point(
    "SQL's clock jumps: orders expire early or late, and late payments are taken.",
    inClocks(
      'ahead expires an order early: its payment comes late and takes the units again, once',
      'and back leaves an order its whole time to pay by the right clock, or more',
    ),
  ),
  54: point(
    "An API host's clock is wrong: it only says which signatures are stale.",
    inClocks('sells, expires and is paid as ever: no decision asks its clock'),
    signature('up to five minutes early or late'),
  ),
  55: point(
    'SQL is put back from a backup, and its epoch with it: the next rebuild goes above both.',
    inClocks(
      'to an older epoch is overtaken at once: the next rebuild goes above both, and it sells on',
      'at the same epoch does not add up: the auditor pauses the sale and rebuilds it',
    ),
  ),
  56: point(
    'SIGTERM under load: what was begun is answered, nothing is left half-done.',
    inProcesses('answers everything that it has begun, leaves nothing half-done, and ends by itself with 0'),
    outage('answers what it has begun, takes nothing new, and is gone'),
  ),
  57: point(
    'A store hangs for 10 s: every call is answered in its time, and all of it heals by itself.',
    inFrozen(
      'Redis hangs: holds are refused with 503, payments go on (I2, I5, I8)',
      'SQL hangs: holds go on, orders and webhooks are refused with 503 (I2, I6, I8)',
    ),
  ),
};
