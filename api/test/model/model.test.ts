/**
 * The protocol of api/orders, api/payments, api/sales and lua, checked in every state that it can reach within small
 * bounds. What is found here is found in the design; whether the code is the design is for the tests beside it.
 */

import { afterEach, describe, expect, test } from 'bun:test';
import { explore } from './explore.ts';
import { AS_WRITTEN, without } from './guards.ts';
import { allSteps, type Scope } from './model.ts';
import { MUTANTS, NOT_LOAD_BEARING } from './mutants.ts';
import { pack, sortBuyers, unpack, wordsPerState } from './packing.ts';
import { CI_SCOPES, EVERY_FAULT, scope } from './scopes.ts';
import { newWorld } from './state.ts';
import { tidyUp } from './tidy-up.ts';

/** Of a busy machine; alone it takes a tenth. */
const TIMEOUT_MS = 300_000;

afterEach(() => Bun.gc(true));

describe('in every state that can be reached I1, I2, I3, I4, I6 and I7 hold, and it settles without drift (I8)', () => {
  test.each(CI_SCOPES.map((each) => [each.name, each] as const))(
    '%s',
    (_, each) => {
      const { states, isExhausted, violation } = explore(each, AS_WRITTEN);
      expect({ states, isExhausted, violation }).toEqual({
        states: each.states,
        isExhausted: true,
        violation: null,
      });
    },
    TIMEOUT_MS,
  );

  test('and these are more than five million states (I1 to I4, I6 to I8)', () => {
    expect(CI_SCOPES.reduce((sum, { states }) => sum + states, 0)).toBeGreaterThan(5_000_000);
  });
});

describe('a protocol without one of its guards breaks I1, I2, I7 or I8, and is caught', () => {
  test.each(MUTANTS.map((mutant) => [mutant.says, mutant] as const))(
    '%s',
    (_, mutant) => {
      const { violation } = explore(mutant.scope, without(mutant.without));
      expect(violation?.says).toMatch(/^I[1278]: /);
      expect(violation?.trace.length).toBeGreaterThan(2);
    },
    TIMEOUT_MS,
  );

  test.each(NOT_LOAD_BEARING.map((mutant) => [mutant.without, mutant.scope.name, mutant] as const))(
    'except %s, on which no unit depends: %s (I2, I8)',
    (_, _name, mutant) => {
      expect(explore(mutant.scope, without(mutant.without))).toMatchObject({
        isExhausted: true,
        violation: null,
      });
    },
    TIMEOUT_MS,
  );
});

describe('what is not promised', () => {
  // api/redis/connect.ts: our client sends nothing twice by itself.
  test('a copy of place_holds or take_units after a loss of data costs units until the next rebuild (I2)', () => {
    const copied = { copiesMax: 1, copies: { begin: false, commit: false, place: true } };
    const flushed = { faultsMax: 1, faults: EVERY_FAULT, allotment: 2, units: [1] };
    const { violation } = explore(scope('', { ...copied, ...flushed }), AS_WRITTEN);
    expect(violation?.says).toMatch(/^I2: /);
    expect(violation?.trace).toContain('a copy of place_holds on Redis: hold 1');
    expect(explore(scope('', { ...copied, allotment: 2 }), AS_WRITTEN).violation).toBeNull();
  });
});

describe('a trace', () => {
  test('is a shortest way to the violation, told step by step (I2)', () => {
    const { violation } = explore(scope('two buyers', {}), without('voidRow'));
    expect(violation).toEqual({
      says: 'I2: 1 available + 0 held + 0 owed + 1 committed = 2, not 1',
      trace: [
        'place_holds on Redis: hold 1',
        'pin_hold on Redis: hold 1',
        'the deadline passes: hold 1',
        'units of an overdue pin return on Redis: hold 1',
        'SQL decides on the order: hold 1',
      ],
    });
  });
});

/** Every state within a bound of epochs, as its key; without `tidy` each is kept as it is. */
function reach(within: Scope, epochsMax: number, tidy: boolean): Set<string> {
  const world = newWorld(within, AS_WRITTEN);
  world.faultsLeft = within.faultsMax;
  const words = new Int32Array(wordsPerState(within.units.length));
  const known = new Set<string>();
  const queue: Int32Array[] = [];
  const keep = () => {
    if (tidy) tidyUp(world);
    pack(world, words);
    if (tidy) sortBuyers(words);
    const key = words.join();
    if (known.has(key)) return;
    known.add(key);
    queue.push(words.slice());
  };
  keep();
  for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
    const from = at;
    unpack(from, 0, world);
    allSteps(world, within, (isTaken) => {
      if (isTaken && world.epoch <= epochsMax) keep();
      unpack(from, 0, world);
    });
  }
  return known;
}

describe('states that are taken for one', () => {
  test.each([
    ['two buyers', scope('', { latePayments: true }), 2],
    ['losses', scope('', { units: [1], faultsMax: 1, faults: EVERY_FAULT, tellsLoss: true }), 3],
    ['two rebuilders', scope('', { units: [1], rebuilders: 2, restock: true, releases: true }), 3],
  ] as const)(
    'have the same future: forgetting, sorting and renumbering lose none (I1 to I8): %s',
    (_, within, epochsMax) => {
      const world = newWorld(within, AS_WRITTEN);
      const words = new Int32Array(wordsPerState(within.units.length));
      const tidied = reach(within, Number.POSITIVE_INFINITY, true);
      const plain = reach(within, epochsMax, false);
      expect(plain.size).toBeGreaterThan(10_000);
      let lost = 0;
      for (const key of plain) {
        unpack(Int32Array.from(key.split(','), Number), 0, world);
        tidyUp(world);
        pack(world, words);
        sortBuyers(words);
        if (!tidied.has(words.join())) lost += 1;
      }
      expect(lost).toBe(0);
    },
    TIMEOUT_MS,
  );
});
