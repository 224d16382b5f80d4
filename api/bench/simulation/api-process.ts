/**
 * An API process. The requests of a turn go to Redis together, as many as a call takes (`api/batch.ts`,
 * `api/holds/holds.ts`); orders that come while others are being written share the next transaction (`api/orders/orders.ts`).
 */

import {
  HOLD_BATCH_MAX,
  ORDER_BATCH_MAX,
  REQUESTS_IN_FLIGHT_MAX,
  SQL_LINE,
} from '@flash-sale/shared/limits.ts';
import type { Chance } from '../../test/seeded.ts';
import type { Clock } from './clock.ts';
import type { Work } from './cores.ts';
import { ASSUMED, COSTS } from './costs.ts';
import { createEventLoop, type EventLoop, type Turn } from './event-loop.ts';
import type { Buyer, Part } from './part.ts';
import { createQueue, type Queue } from './queue.ts';
import type { Sql } from './sql.ts';

export type Answer = 'held' | 'sold_out' | 'turned_away';

interface Ask {
  readonly buyer: Buyer;
  /** Where the buyer's unit should be; then the others, in turn. */
  readonly first: number;
  tried: number;
  readonly answer: (answer: Answer) => void;
}

interface Order {
  readonly part: Part;
  readonly done: () => void;
}

export interface ApiProcess {
  ask(ask: Ask): void;
  order(order: Order): void;
}

export interface Surroundings {
  readonly clock: Clock;
  readonly chance: Chance;
  readonly work: Work;
  readonly wireUs: number;
  readonly parts: readonly Part[];
  readonly sql: Sql;
  /** For so long a process believes that a part has nothing left, and does not ask it again. */
  readonly soldOutKnownUs: number;
  /** Calls of a process to a part that may be under way; more requests wait, and leave as fewer and larger calls. */
  readonly callsAtOnce: number;
}

export function createProcess(around: Surroundings): ApiProcess {
  const { clock, chance, work } = around;
  const loop: EventLoop = createEventLoop(clock, chance, work, (turn) => holds.flush(turn));
  const holds = takeHolds(around, loop);
  const order = takeOrders(around);
  return {
    ask: (ask) => loop.receive((turn) => holds.read(turn, ask)),
    order: (one) => loop.receive((turn) => order(turn, one)),
  };
}

interface Holds {
  read(turn: Turn, ask: Ask): void;
  flush(turn: Turn): void;
}

function takeHolds(around: Surroundings, loop: EventLoop): Holds {
  const { clock, wireUs, parts } = around;
  const emptyUntilUs = new Map<Part, number>();
  const lines = new Map(parts.map((part) => [part, createLine<Ask>()]));
  let inFlight = 0;

  /** To the next part that may have something, or sold out. */
  function askNext(turn: Turn, ask: Ask): void {
    for (; ask.tried < parts.length; ask.tried += 1) {
      const part = parts[(ask.first + ask.tried) % parts.length];
      if (part === undefined || clock.nowUs() < (emptyUntilUs.get(part) ?? 0)) continue;
      lines.get(part)?.waiting.push(ask);
      return;
    }
    answer(turn, ask, 'sold_out');
  }

  function answer(turn: Turn, ask: Ask, said: Answer): void {
    turn.us += (1 - ASSUMED.inShare) * COSTS.processRequestUs;
    turn.afterwards.push(() => {
      inFlight -= 1;
      ask.answer(said);
    });
  }

  function send(part: Part, line: Line<Ask>, asks: Ask[]): void {
    const buyers = asks.map(({ buyer }) => buyer);
    const decided = (turn: Turn, isHeld: readonly boolean[]) => {
      line.underWay -= 1;
      if (isHeld.includes(false)) emptyUntilUs.set(part, clock.nowUs() + around.soldOutKnownUs);
      asks.forEach((ask, index) => {
        if (isHeld[index] === true) return answer(turn, ask, 'held');
        ask.tried += 1;
        askNext(turn, ask);
      });
    };
    const reply = (isHeld: readonly boolean[]) =>
      clock.after(wireUs, () => loop.receive((turn) => decided(turn, isHeld)));
    clock.after(wireUs, () => part.place(buyers, reply));
  }

  return {
    read(turn, ask) {
      if (inFlight > REQUESTS_IN_FLIGHT_MAX) {
        turn.us += ASSUMED.turnedAwayShare * COSTS.processRequestUs;
        turn.afterwards.push(() => ask.answer('turned_away'));
        return;
      }
      inFlight += 1;
      turn.us += ASSUMED.inShare * COSTS.processRequestUs;
      askNext(turn, ask);
    },
    flush(turn) {
      for (const [part, line] of lines) {
        while (line.waiting.length > 0 && line.underWay < around.callsAtOnce) {
          const asks = line.waiting.take(HOLD_BATCH_MAX);
          line.underWay += 1;
          turn.us += COSTS.processCallUs;
          turn.afterwards.push(() => send(part, line, asks));
        }
      }
    },
  };
}

/** @returns what a turn does with an order */
function takeOrders({ clock, wireUs, parts, sql }: Surroundings): (turn: Turn, one: Order) => void {
  const lines = new Map(parts.map((part) => [part, createLine<Order>()]));

  function enterLine(one: Order): void {
    const line = lines.get(one.part);
    if (line === undefined) return;
    line.waiting.push(one);
    flush(one.part, line);
  }

  function flush(part: Part, line: Line<Order>): void {
    while (line.waiting.length > 0 && line.underWay < SQL_LINE.atOnce) {
      const batch = line.waiting.take(ORDER_BATCH_MAX);
      line.underWay += 1;
      sql.write(part, batch.length, () => {
        line.underWay -= 1;
        for (const { done } of batch) done();
        flush(part, line);
      });
    }
  }

  // The pin and what follows from it are one visit to the shard, at the cost of all of them.
  return (turn, one) => {
    turn.us += COSTS.processOrderUs;
    const { shard } = one.part;
    const pinned = () => clock.after(wireUs, () => enterLine(one));
    turn.afterwards.push(() =>
      clock.after(wireUs, () => shard.enter({ begin: () => COSTS.redisOrderUs, done: pinned })),
    );
  };
}

/** As of `api/batch.ts`. */
interface Line<Item> {
  readonly waiting: Queue<Item>;
  underWay: number;
}

function createLine<Item>(): Line<Item> {
  return { waiting: createQueue(), underWay: 0 };
}
