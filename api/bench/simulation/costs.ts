/** What the simulation knows of the system: what was measured (costs.json), and what is assumed. */

import measured from './costs.json' with { type: 'json' };

/** Microseconds of CPU; measured. */
export interface Costs {
  /** Of an API process: a call to Redis, and the turn of the event loop that makes it. */
  readonly processCallUs: number;
  /** Of an API process: a request for a hold, from the first byte to the last. */
  readonly processRequestUs: number;
  readonly redisCallUs: number;
  readonly redisHoldUs: number;
  readonly redisRefusedUs: number;
  /** An order, its hold's pin and settlement included, when many come at once. */
  readonly processOrderUs: number;
  readonly redisOrderUs: number;
  readonly sqlOrderUs: number;
}

export const COSTS: Costs = measured.costs;

/** Nobody measured these: each says why it is what it is. */
export const ASSUMED = {
  /** One way within a data centre, proxy included. */
  wireUs: 150,
  /** One way over loopback. */
  loopbackUs: 15,
  /** Of wrk, for a request: what it leaves of two cores to those whom it loads. */
  loadUs: 4,
  /** Sockets that one turn of the event loop reads: the bound of Bun's loop. */
  turnMax: 1_024,
  /** Of a request's cost, what comes before the call to Redis. */
  inShare: 0.6,
  /** To be turned away costs what comes before the body is read. */
  turnedAwayShare: 0.4,
  /** A process stands still now and then (garbage, scheduler): so often, and for so long, on average; fits the tails of bare Elysia. */
  stallEveryUs: 50_000,
  stallUs: 3_000,
  /** A transaction keeps the sale's row from its last statement to the end of its COMMIT: a flush of a data centre's SSD. */
  rowUs: 1_500,
  /** With a semi-synchronous replica the row is kept for its answer too. */
  replicaUs: 500,
  /** Buyers press in the first second, most at once: exponential, cut off at a second. */
  frontUs: 250_000,
  /** A buyer's program gives up waiting, and asks again with the same key. */
  patienceUs: 10_000_000,
  /** Nobody tries any more after a minute. */
  interestUs: 60_000_000,
  /** From the hold to the order: a person who types, on average and at most. */
  thinkUs: 30_000_000,
  thinkMaxUs: 100_000_000,
} as const;
