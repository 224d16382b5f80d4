/** Buyers who come at once, and what became of each of them. */

import type { Chance } from '../../test/seeded.ts';
import type { Answer, ApiProcess } from './api-process.ts';
import type { Clock } from './clock.ts';
import { ASSUMED } from './costs.ts';
import type { Buyer, Part } from './part.ts';
import { exponential } from './event-loop.ts';
import { createQueue } from './queue.ts';

export interface Told {
  held: number;
  soldOut: number;
  /** Without an answer for as long as anybody tries. */
  gaveUp: number;
  /** Answers "come again". */
  turnedAway: number;
  /** Requests whose answer was not waited for. */
  timedOut: number;
  /** From the first press to the word that counts, of each buyer who got one. */
  readonly tookUs: number[];
  lastUs: number;
  /** From the request to the answer, of each order. */
  readonly orderTookUs: number[];
  lastOrderUs: number;
}

interface Person extends Buyer {
  readonly pressedUs: number;
  readonly first: number;
  tries: number;
  /** The try whose answer is waited for; 0: of none. */
  listensTo: number;
}

export interface CrowdTerms {
  readonly clock: Clock;
  readonly chance: Chance;
  readonly wireUs: number;
  readonly buyers: number;
  readonly processes: readonly ApiProcess[];
  readonly parts: readonly Part[];
}

/** Lets them come; who is told what is known when the clock has run. */
export function letCome({ clock, chance, wireUs, buyers, processes, parts }: CrowdTerms): Told {
  const told = nobodyYet();
  /** All are as patient, so the first who asked is the first to give up waiting. */
  const patience = createQueue<{ person: Person; tries: number; untilUs: number }>();
  const anyProcess = () => chance.pick(processes);

  function press(person: Person): void {
    if (clock.nowUs() - person.pressedUs > ASSUMED.interestUs) {
      told.gaveUp += 1;
      return;
    }
    person.tries += 1;
    const { tries } = person;
    person.listensTo = tries;
    patience.push({ person, tries, untilUs: clock.nowUs() + ASSUMED.patienceUs });
    if (patience.length === 1) clock.after(ASSUMED.patienceUs, losePatience);
    const process = anyProcess();
    clock.after(wireUs, () =>
      process.ask({
        buyer: person,
        first: person.first,
        tried: 0,
        answer: (answer) => clock.after(wireUs, () => hear(person, tries, answer)),
      }),
    );
  }

  function losePatience(): void {
    const [{ person, tries } = { person: null, tries: 0 }] = patience.take(1);
    const next = patience.first();
    if (next !== undefined) clock.after(next.untilUs - clock.nowUs(), losePatience);
    if (person === null || person.listensTo !== tries) return;
    person.listensTo = 0;
    told.timedOut += 1;
    press(person);
  }

  function hear(person: Person, tries: number, answer: Answer): void {
    if (tries !== person.listensTo) return;
    person.listensTo = 0;
    if (answer === 'turned_away') {
      told.turnedAway += 1;
      // As Retry-After says (http/frame.ts).
      clock.after((1 + chance.next() * 2) * 1_000_000, () => press(person));
      return;
    }
    told.lastUs = clock.nowUs();
    told.tookUs.push(clock.nowUs() - person.pressedUs);
    if (answer === 'sold_out') {
      told.soldOut += 1;
      return;
    }
    told.held += 1;
    const thinkUs = Math.min(exponential(chance, ASSUMED.thinkUs), ASSUMED.thinkMaxUs);
    clock.after(thinkUs, () => order(clock, anyProcess(), person, told));
  }

  const come = () =>
    press({
      pressedUs: clock.nowUs(),
      first: chance.integer(0, parts.length - 1),
      holdsOf: null,
      tries: 0,
      listensTo: 0,
    });
  comeAtOnce(clock, chance, buyers, come);
  return told;
}

function order(clock: Clock, process: ApiProcess, { holdsOf: part }: Person, told: Told): void {
  if (part === null) throw new Error('an order without a hold');
  const sinceUs = clock.nowUs();
  const done = () => {
    told.orderTookUs.push(clock.nowUs() - sinceUs);
    told.lastOrderUs = clock.nowUs();
  };
  process.order({ part, done });
}

function nobodyYet(): Told {
  return {
    held: 0,
    soldOut: 0,
    gaveUp: 0,
    turnedAway: 0,
    timedOut: 0,
    tookUs: [],
    lastUs: 0,
    orderTookUs: [],
    lastOrderUs: 0,
  };
}

function comeAtOnce(clock: Clock, chance: Chance, buyers: number, come: () => void): void {
  const atUs = Float64Array.from({ length: buyers }, () => front(chance)).sort();
  function next(number: number): void {
    const dueUs = atUs[number];
    if (dueUs === undefined) return;
    clock.after(dueUs - clock.nowUs(), () => {
      come();
      next(number + 1);
    });
  }
  next(0);
}

/** When a buyer presses: within the first second, and most at its beginning. */
function front(chance: Chance): number {
  for (;;) {
    const us = exponential(chance, ASSUMED.frontUs);
    if (us < 1_000_000) return us;
  }
}
