import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { CLOCK_SAMPLE_KEPT_MS, CLOCK_STEP_MS } from '@flash-sale/shared/terminal-limits.ts';
import { serverClock } from './server-clock.ts';

/** The server's clock is this much ahead of the local one. */
const AHEAD_MS = 1_000_000;

describe("the server's clock", () => {
  test('is unknown until something was heard, and then never far from the truth', () => {
    const clock = serverClock();
    expect(clock.serverNow(5)).toBeNull();
    clock.heard(AHEAD_MS + 90, 100);
    expect(clock.serverNow(100)).toBe(AHEAD_MS + 90);
    expect(clock.uncertaintyMs()).toBe(Infinity);
    clock.asked({ serverMs: AHEAD_MS + 210, sentMs: 200, receivedMs: 220 });
    expect(clock.serverNow(300)).toBe(AHEAD_MS + 300);
    expect(clock.uncertaintyMs()).toBe(10);
  });

  test('is wrong by no more than it says, whatever the ways there and back took', () => {
    const trip = fc.record({ there: fc.nat(400), back: fc.nat(400), pause: fc.nat(60_000) });
    fc.assert(
      fc.property(fc.array(trip, { minLength: 1, maxLength: 40 }), (trips) => {
        const clock = serverClock();
        let localMs = 0;
        for (const { there, back, pause } of trips) {
          const sentMs = (localMs += pause);
          localMs += there + back;
          clock.asked({ serverMs: AHEAD_MS + sentMs + there, sentMs, receivedMs: localMs });
          clock.heard(AHEAD_MS + localMs - back, localMs);
        }
        // Asked once, so that waiting for a small correction plays no part.
        const wrongMs = Math.abs((clock.serverNow(localMs) ?? NaN) - (AHEAD_MS + localMs));
        expect(wrongMs).toBeLessThanOrEqual(clock.uncertaintyMs());
        const bestMs = Math.min(...trips.map(({ there, back }) => (there + back) / 2));
        if (localMs <= CLOCK_SAMPLE_KEPT_MS) expect(clock.uncertaintyMs()).toBe(bestMs);
      }),
    );
  });

  test('forgets an exact sample when it is old, for the best of those that came after it', () => {
    const clock = serverClock();
    const ask = (atMs: number, tripMs: number) =>
      clock.asked({ serverMs: AHEAD_MS + atMs + tripMs / 2, sentMs: atMs, receivedMs: atMs + tripMs });
    ask(0, 2);
    ask(1_000, 20);
    ask(2_000, 60);
    expect(clock.uncertaintyMs()).toBe(1);
    ask(CLOCK_SAMPLE_KEPT_MS + 500, 80);
    expect(clock.uncertaintyMs()).toBe(10);
  });

  test('a suspended laptop is ahead again with the first heartbeat', () => {
    const clock = serverClock();
    clock.asked({ serverMs: AHEAD_MS, sentMs: -5, receivedMs: 5 });
    const sleptMs = 3_600_000;
    clock.heard(AHEAD_MS + sleptMs + 100, 120);
    expect(clock.serverNow(120)).toBe(AHEAD_MS + sleptMs + 100);
    clock.asked({ serverMs: AHEAD_MS + sleptMs + 200, sentMs: 190, receivedMs: 210 });
    expect(clock.serverNow(210)).toBe(AHEAD_MS + sleptMs + 210);
  });

  test('waits for a small correction, and tells a large one', () => {
    const clock = serverClock();
    const told = (localMs: number) => clock.serverNow(localMs);
    clock.asked({ serverMs: 1_000, sentMs: 0, receivedMs: 400 });
    expect(told(400)).toBe(1_200);
    clock.asked({ serverMs: 1_250, sentMs: 500, receivedMs: 510 });
    expect([told(510), told(700), told(1_000)]).toEqual([1_255, 1_445, 1_745]);
    clock.asked({ serverMs: 1_700, sentMs: 1_000, receivedMs: 1_002 });
    expect([told(1_002), told(1_010), told(1_100)]).toEqual([1_745, 1_745, 1_799]);
    const anotherRedisMs = 1_799 - 2 * CLOCK_STEP_MS;
    clock.asked({ serverMs: anotherRedisMs, sentMs: 1_099, receivedMs: 1_101 });
    expect(told(1_100)).toBe(anotherRedisMs);
  });
});
