/** The protocol without one guard, each in a small world where that is seen: tests that cannot fail prove nothing. */

import type { Guards } from './guards.ts';
import type { Scope } from './model.ts';
import { EVERY_FAULT, ONE_MASTER, scope, SPLIT_BRAIN } from './scopes.ts';

export interface Mutant {
  /** The guard that it lacks. */
  readonly without: keyof Guards;
  /** What is done instead, or not done. */
  readonly says: string;
  readonly scope: Scope;
}

const ONE_BUYER = { units: [1] };
const ONE_FAULT = { faultsMax: 1, faults: SPLIT_BRAIN };
const COPIES = { copies: { begin: true, commit: true, place: false } };

const QUIET = scope('nothing goes wrong', {});
const FAULT = scope('one fault', ONE_FAULT);
const FAULT_OF_ONE_REDIS = scope('one fault of one Redis', { faultsMax: 1, faults: ONE_MASTER });
const TWO_FAULTS = scope('two faults', { faultsMax: 2, faults: EVERY_FAULT });
const LOSS_TOLD = scope('one fault, losses are told', { ...ONE_FAULT, tellsLoss: true });
const LOSS_TOLD_BY_TWO = scope('two rebuilders, one fault, losses are told', {
  ...ONE_BUYER,
  ...ONE_FAULT,
  rebuilders: 2,
  tellsLoss: true,
});
const TWO_UNITS = scope('two units', { allotment: 2 });
const LATE = scope('a unit to spare, paid late, one fault', {
  ...ONE_BUYER,
  ...ONE_FAULT,
  allotment: 2,
  latePayments: true,
});
const COPY = scope('a rebuild call comes twice', { ...COPIES, copiesMax: 1 });
const COPY_AND_FAULT = scope('a rebuild call comes twice, one fault', {
  ...COPIES,
  ...ONE_FAULT,
  copiesMax: 1,
});
const TWO_REBUILDERS = scope('two rebuilders, one fault of one Redis', {
  ...ONE_BUYER,
  rebuilders: 2,
  faultsMax: 1,
  faults: ONE_MASTER,
});
const COPIES_AND_ONE_REDIS = scope('two rebuild calls come twice, one fault of one Redis', {
  ...ONE_BUYER,
  ...COPIES,
  faultsMax: 1,
  faults: ONE_MASTER,
  copiesMax: 2,
});
const COPIES_AND_FAULT = scope('two rebuild calls come twice, one fault', {
  ...ONE_BUYER,
  ...COPIES,
  ...ONE_FAULT,
  copiesMax: 2,
});

export const MUTANTS: readonly Mutant[] = [
  { without: 'armedLife', says: 'any Redis whose meta says armed decides', scope: FAULT },
  { without: 'reignInLife', says: 'the run id alone is the identity', scope: TWO_FAULTS },
  { without: 'epochInGate', says: 'SQL takes orders vouched for by an older epoch', scope: FAULT },
  { without: 'sqlGate', says: 'SQL takes what Redis promised', scope: FAULT },
  { without: 'outcomeKey', says: 'a hold may have two outcomes', scope: TWO_UNITS },
  { without: 'voidRow', says: 'overdue pins return without a row in SQL', scope: QUIET },
  { without: 'outcomesInRebuild', says: 'a rebuild keeps ordered holds', scope: QUIET },
  { without: 'raiseFirst', says: 'holds are listed before the epoch is raised', scope: QUIET },
  { without: 'ackFence', says: 'any Redis may acknowledge a credit', scope: FAULT },
  { without: 'creditSeq', says: 'credits are told apart by epoch', scope: QUIET },
  { without: 'appliedSet', says: 'a credit that comes again is applied again', scope: QUIET },
  { without: 'pinStays', says: 'an order that fails gives its pin back', scope: QUIET },
  { without: 'endOnce', says: 'settling ends what has ended', scope: QUIET },
  { without: 'tokenFromRedis', says: 'the rebuilder makes the token', scope: COPIES_AND_FAULT },
  { without: 'tokenChecked', says: 'any token of this life commits', scope: COPY },
  { without: 'tokenOnce', says: 'a token commits again and again', scope: COPY },
  { without: 'tokenOfLife', says: 'a token commits in every copy of the data', scope: COPY_AND_FAULT },
  {
    without: 'lastArmed',
    says: 'who lost nothing itself is taken to have seen everything',
    scope: LOSS_TOLD,
  },
  { without: 'noteFirst', says: 'the armed epoch is noted when it is armed', scope: LOSS_TOLD },
  { without: 'noteIfCurrent', says: 'an overtaken rebuild arms', scope: LOSS_TOLD_BY_TWO },
  { without: 'takeIdOnce', says: 'a take id comes back', scope: LATE },
  { without: 'pin', says: 'a hold expires while its order is written', scope: QUIET },
  {
    without: 'noSeed',
    says: 'a Redis without meta takes the allotment for its stock',
    scope: FAULT_OF_ONE_REDIS,
  },
];

/** Guards that no unit depends on: without them nothing breaks. What they are for, instead: */
export const NOT_LOAD_BEARING: readonly Mutant[] = [
  {
    without: 'beginEpoch',
    says: 'keeps a rebuild that comes late from disarming what a newer one armed',
    scope: TWO_REBUILDERS,
  },
  {
    without: 'beginEpoch',
    says: 'and a call that comes twice',
    scope: COPIES_AND_ONE_REDIS,
  },
  {
    without: 'pinInTime',
    says: 'makes a deadline exact',
    scope: FAULT_OF_ONE_REDIS,
  },
];
