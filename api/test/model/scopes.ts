/** The worlds that are exhausted: how much each has of everything. What a scope does not name is as in QUIET. */

import type { Faults } from './faults.ts';
import type { Scope } from './model.ts';

const NO_FAULTS: Faults = {
  restart: false,
  lossyRestart: false,
  flush: false,
  failover: false,
  failback: false,
};
export const ONE_MASTER: Faults = { ...NO_FAULTS, restart: true, lossyRestart: true, flush: true };
export const SPLIT_BRAIN: Faults = { ...ONE_MASTER, failover: true };
export const EVERY_FAULT: Faults = { ...SPLIT_BRAIN, failback: true };

/** Two buyers of one unit, one rebuilder, nothing goes wrong. */
const QUIET: Scope = {
  name: 'quiet',
  allotment: 1,
  units: [1, 1],
  rebuilders: 1,
  faultsMax: 0,
  faults: NO_FAULTS,
  copiesMax: 0,
  copies: { begin: false, commit: false, place: false },
  latePayments: false,
  restock: false,
  halts: false,
  releases: false,
  tellsLoss: false,
};

export function scope(name: string, changes: Partial<Omit<Scope, 'name'>>): Scope {
  return { ...QUIET, ...changes, name };
}

const EVERY_ONCE = { faultsMax: 1, faults: EVERY_FAULT };
const EVERY_TWICE = { faultsMax: 2, faults: EVERY_FAULT };
const ONE_MASTER_ONCE = { faultsMax: 1, faults: ONE_MASTER };
const COPIES = { copiesMax: 2, copies: { begin: true, commit: true, place: false } };
const ONE_BUYER = { units: [1] };
/** With a unit that nobody holds: what takes one too many is not stopped by the stock being out. */
const A_UNIT_TO_SPARE = { allotment: 2, units: [1] };
const THREE_BUYERS = { allotment: 2, units: [1, 1, 1] };

interface CountedScope extends Scope {
  /** How many there are to reach. Another number is another protocol, or another model of it. */
  readonly states: number;
}

function counted(states: number, name: string, changes: Partial<Omit<Scope, 'name'>>): CountedScope {
  return { ...scope(name, changes), states };
}

/** Exhausted by every test run. */
export const CI_SCOPES: readonly CountedScope[] = [
  counted(1_114_000, 'two buyers of one unit; one fault of any kind', EVERY_ONCE),
  counted(726_178, 'three buyers of two units, paying late', { ...THREE_BUYERS, latePayments: true }),
  counted(703_258, 'two buyers paying late; one fault of one Redis', {
    ...ONE_MASTER_ONCE,
    latePayments: true,
  }),
  counted(232_256, 'two units, one buyer paying late; one fault of any kind', {
    ...A_UNIT_TO_SPARE,
    ...EVERY_ONCE,
    latePayments: true,
  }),
  counted(145_299, 'a sale that is halted, resumed, restocked, released to', {
    halts: true,
    restock: true,
    releases: true,
  }),
  counted(758_869, 'one buyer; two faults of any kind', { ...ONE_BUYER, ...EVERY_TWICE }),
  counted(963_995, 'one buyer who may release, two rebuilders; one fault of any kind', {
    ...ONE_BUYER,
    ...EVERY_ONCE,
    rebuilders: 2,
    releases: true,
  }),
  counted(626_616, 'one buyer; two rebuild calls come twice, one fault of any kind', {
    ...ONE_BUYER,
    ...EVERY_ONCE,
    ...COPIES,
  }),
  counted(163_739, 'one buyer, who is told of losses; one fault of any kind', {
    ...ONE_BUYER,
    ...EVERY_ONCE,
    tellsLoss: true,
  }),
];

/** Exhausted on demand. */
export const LARGE_SCOPES: readonly Scope[] = [
  scope('three buyers of two units, two rebuilders, releases', {
    ...THREE_BUYERS,
    rebuilders: 2,
    releases: true,
  }),
  scope('holds of two units and of one; one fault of any kind', {
    allotment: 2,
    units: [2, 1],
    ...EVERY_ONCE,
  }),
  scope('two buyers paying late; one fault of any kind', { ...EVERY_ONCE, latePayments: true }),
  scope('two buyers, restocked; one fault of one Redis', { ...ONE_MASTER_ONCE, restock: true }),
  scope('one buyer, who is told of losses, two rebuilders; one fault of any kind', {
    ...ONE_BUYER,
    ...EVERY_ONCE,
    rebuilders: 2,
    tellsLoss: true,
  }),
  scope('one buyer, who is told of losses; two faults of any kind', {
    ...ONE_BUYER,
    ...EVERY_TWICE,
    tellsLoss: true,
  }),
  scope('two buyers, two rebuilders; one fault of one Redis', { ...ONE_MASTER_ONCE, rebuilders: 2 }),
  scope('one buyer, two rebuilders; two faults of any kind', { ...ONE_BUYER, ...EVERY_TWICE, rebuilders: 2 }),
];
