/** The engine against what is known of queues without it. */

import { describe, expect, test } from 'bun:test';
import { chanceOf } from '../../test/seeded.ts';
import { createClock } from './clock.ts';
import { ownCores, sharedCores } from './cores.ts';
import { createQueue } from './queue.ts';
import { createStation } from './station.ts';

test('the clock goes from event to event, and those of one instant come as they were said', () => {
  const clock = createClock();
  const chance = chanceOf(1);
  const happened: { at: number; number: number }[] = [];
  for (let number = 0; number < 2_000; number += 1) {
    const at = chance.integer(0, 300);
    clock.after(at, () => happened.push({ at: clock.nowUs(), number }));
  }
  clock.run();
  expect(happened.length).toBe(2_000);
  expect(happened).toEqual(happened.toSorted((a, b) => a.at - b.at || a.number - b.number));
});

test('a queue gives what it was given, in order', () => {
  const queue = createQueue<number>();
  const given = Array.from({ length: 1_000 }, (_, number) => number);
  const taken: number[] = [];
  for (const number of given) {
    queue.push(number);
    if (number % 3 === 0) taken.push(...queue.take(2));
  }
  taken.push(...queue.take(queue.length));
  expect(taken).toEqual(given);
});

test('cores are shared evenly, and nobody is faster than one', () => {
  const ended: Record<string, number> = {};
  const clock = createClock();
  const work = sharedCores(clock, 2);
  const begin = (name: string, us: number) => work(us, () => (ended[name] = clock.nowUs()));
  begin('a', 100);
  begin('b', 100);
  begin('c', 40);
  clock.run();
  // Three on two cores: c has its 40 after 60; then a and b have a core each for the 60 that are left.
  expect(ended).toEqual({ c: expect.closeTo(60), a: expect.closeTo(120), b: expect.closeTo(120) });
});

interface Waited {
  /** Mean time in the station, waiting and being served. */
  readonly meanUs: number;
  /** Mean number in it, by what random looks at it saw. */
  readonly meanSize: number;
  readonly perUs: number;
}

const SERVICE_US = 100;
const CUSTOMERS = 200_000;

function station(busy: number, service: (u: number) => number): Waited {
  const clock = createClock();
  const chance = chanceOf(20_261_126);
  const one = createStation(ownCores(clock));
  const exponential = (mean: number) => -mean * Math.log(1 - chance.next());
  let inside = 0;
  let totalUs = 0;
  let seen = 0;
  let looks = 0;
  let left = CUSTOMERS;
  function arrive(): void {
    const sinceUs = clock.nowUs();
    inside += 1;
    one.enter({
      begin: () => service(chance.next()),
      done: () => {
        inside -= 1;
        totalUs += clock.nowUs() - sinceUs;
      },
    });
    left -= 1;
    if (left > 0) clock.after(exponential(SERVICE_US / busy), arrive);
  }
  function look(): void {
    seen += one.size();
    looks += 1;
    if (left > 0) clock.after(exponential(SERVICE_US), look);
  }
  arrive();
  look();
  clock.run();
  expect(inside).toBe(0);
  return { meanUs: totalUs / CUSTOMERS, meanSize: seen / looks, perUs: CUSTOMERS / clock.nowUs() };
}

describe.each([0.3, 0.6, 0.8])('a station that is busy %p of the time', (busy) => {
  const within = (value: number, wanted: number) =>
    expect(Math.abs(value / wanted - 1), `${value} is not ${wanted}`).toBeLessThan(0.06);

  test('waits as M/D/1 does', () => {
    within(station(busy, () => SERVICE_US).meanUs, SERVICE_US * (1 + busy / (2 * (1 - busy))));
  });

  test('waits as M/M/1 does', () => {
    within(station(busy, (u) => -SERVICE_US * Math.log(1 - u)).meanUs, SERVICE_US / (1 - busy));
  });

  test("obeys Little's law: who looks in sees the rate times the time", () => {
    const { meanUs, meanSize, perUs } = station(busy, (u) => -SERVICE_US * Math.log(1 - u));
    within(meanSize, perUs * meanUs);
  });
});
