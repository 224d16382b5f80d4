/** What must be true of a sale at every instant: exactly, to the unit and to the record. */

import type { HoldOutcome } from '@flash-sale/shared/lifecycle.ts';
import type { LedgerModel } from './ledger-model.ts';
import type { Photograph } from './photograph.ts';
import type { ModelHold, RedisModel } from './redis-model.ts';

/** Fields that `actual` may have beyond the expected ones are not compared: times, mostly. */
export function expectEqual(what: string, actual: unknown, expected: unknown): void {
  if (!isLike(actual, expected)) {
    throw new Error(`${what}: got ${JSON.stringify(actual)}, expected ${JSON.stringify(expected)}`);
  }
}

function isLike(actual: unknown, expected: unknown): boolean {
  if (typeof expected !== 'object' || expected === null) return Object.is(actual, expected);
  if (typeof actual !== 'object' || actual === null) return false;
  if (Array.isArray(expected) && (!Array.isArray(actual) || actual.length !== expected.length)) return false;
  return Object.entries(expected).every(([name, value]) =>
    isLike((actual as Record<string, unknown>)[name], value),
  );
}

/** Units that are committed, or no part of the allotment any more. */
const GONE = new Set<HoldOutcome | undefined>(['ordered', 'withdrawn']);

/** I2, while Redis is armed at SQL's epoch: no unit is missing, none is there twice. */
export function expectConserved(photo: Photograph, ledger: LedgerModel): void {
  const meta = (field: string) => Number(photo.meta.get(field));
  if (!photo.isArmed || meta('epoch') !== ledger.epoch) return;
  let held = 0;
  let pinned = 0;
  for (const [holdId, { state, quantity }] of photo.holds) {
    if (state === 'held') held += quantity;
    if (state === 'pinned' && !GONE.has(ledger.outcomes.get(holdId))) pinned += quantity;
  }
  const applied = new Set(photo.applied);
  const owed = ledger
    .undelivered()
    .filter(({ id, seq }) => seq > meta('base') && !applied.has(id))
    .reduce((sum, { units }) => sum + units, 0);
  const { committed, allotment } = ledger;
  const available = meta('available');
  const drift = available + held + pinned + owed + committed - allotment;
  if (drift !== 0) {
    const sums = JSON.stringify({ available, held, pinned, owed, committed, allotment });
    throw new Error(`drift ${drift} (I2): ${sums}`);
  }
}

/** Stories last seconds at most, and their steps move deadlines by a minute or more, or to the other side of now. */
const STILL_THE_SAME_MS = 45_000;

/** Every record, and everything that is derived from the records. */
export function expectAsModelled(photo: Photograph, model: RedisModel): void {
  if (photo.isArmed !== model.isArmed) {
    throw new Error(
      `Redis is ${photo.isArmed ? '' : 'not '}armed, and should ${model.isArmed ? '' : 'not '}be`,
    );
  }
  for (const field of ['available', 'allotment', 'epoch', 'base'] as const) {
    const actual = Number(photo.meta.get(field) ?? 0);
    if (actual !== model[field]) throw new Error(`${field} is ${actual}, and should be ${model[field]}`);
  }
  const unitsEver = (what: string) => Number(photo.meta.get(`${what}_units`) ?? 0);
  const ever = {
    held: unitsEver('held'),
    ordered: unitsEver('ordered'),
    released: unitsEver('released'),
    expired: unitsEver('expired'),
    lost: unitsEver('lost'),
  };
  expectEqual('units ever held, and how they ended', ever, { held: model.heldUnits, ...model.endedUnits });
  if (model.isArmed) {
    // What an audit of a large sale says instead of counting.
    const living = model.units(({ state }) => state === 'held' || state === 'pinned');
    expectEqual(
      'the living units',
      ever.held - Number(photo.meta.get('past_base')) - unitsEver('past'),
      living,
    );
  }
  if (photo.holds.size !== model.holds.size) {
    const [seen, wanted] = [[...photo.holds.keys()].join(' '), [...model.holds.keys()].join(' ')];
    throw new Error(`Redis knows the holds ${seen}, and should know ${wanted}`);
  }
  for (const [holdId, hold] of model.holds) expectHold(photo, holdId, hold, model.isOverdue(hold));
  expectSets(photo, model);
}

function expectHold(photo: Photograph, holdId: string, expected: ModelHold, isOverdue: boolean): void {
  const hold = photo.holds.get(holdId);
  const isSame =
    hold?.state === expected.state &&
    hold.quantity === expected.quantity &&
    hold.buyerId === expected.buyerId;
  if (!isSame) {
    throw new Error(
      `hold ${holdId} is ${JSON.stringify(hold)}, and should be ${JSON.stringify(expected)} (I4)`,
    );
  }
  if (hold.state !== 'held' && hold.state !== 'pinned') return;
  const isSameTime = Math.abs(hold.deadlineMs - expected.deadlineMs) < STILL_THE_SAME_MS;
  const isSameSide = hold.state !== 'held' || hold.deadlineMs <= 0 === isOverdue;
  if (!isSameTime || !isSameSide) {
    throw new Error(
      `hold ${holdId} ends in ${hold.deadlineMs} ms, and should in ${expected.deadlineMs} (I7)`,
    );
  }
}

function expectSets(photo: Photograph, model: RedisModel): void {
  const of = (isMeant: (hold: ModelHold) => boolean) =>
    [...model.holds].filter(([, hold]) => isMeant(hold)).map(([holdId]) => holdId);
  const isLiving = ({ state }: ModelHold) => state === 'held' || state === 'pinned';
  // Digests and fingerprints are the callers' affair: what a key says of a request shows in the replies.
  const keyed = [...model.keys.values()].map(({ holdId }) => holdId);
  const sets: [string, readonly string[], readonly string[]][] = [
    ['deadlines', photo.deadlines, of(({ state }) => state === 'held')],
    ['leases', photo.leases, of(({ state }) => state === 'pinned')],
    ['ended', photo.ended, of((hold) => !isLiving(hold))],
    ['idempotency keys', [...photo.keys.values()].map((entry) => entry.split('|')[1] ?? ''), keyed],
    ['buyers', entries(photo.buyers), [...model.buyers].map(([buyer, units]) => `${buyer}=${units}`)],
    ['applied credits', photo.applied.map(String), [...model.applied].map(String)],
  ];
  for (const [name, actual, expected] of sets) {
    const [seen, wanted] = [actual.toSorted().join(' '), expected.toSorted().join(' ')];
    if (seen !== wanted) throw new Error(`${name} are "${seen}", and should be "${wanted}"`);
  }
}

function entries(map: ReadonlyMap<string, string>): string[] {
  return [...map].map(([name, value]) => `${name}=${value}`);
}
