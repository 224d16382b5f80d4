/** Every guard of the protocol that can be taken out. A mutant is the protocol without one of them. */
export interface Guards {
  /** lua/sale.lua: `armed_life` is compared with the life of this Redis. */
  readonly armedLife: boolean;
  /** lua/sale.lua: the life is more than the process, it ends with its reign as master (master_replid). */
  readonly reignInLife: boolean;
  /** orders/take.ts: UPDATE ... WHERE epoch = vouched. */
  readonly epochInGate: boolean;
  /** orders/take.ts: committed + q <= allotment, and the CHECK. */
  readonly sqlGate: boolean;
  /** drizzle/schema.ts: hold_outcomes has one row per hold. */
  readonly outcomeKey: boolean;
  /** orders/settler.ts: an overdue pin is voided in SQL before its units return. */
  readonly voidRow: boolean;
  /** lua/end_decided.lua: holds with an outcome are not kept. */
  readonly outcomesInRebuild: boolean;
  /** sales/rebuild.ts: the epoch is raised before the holds are listed. */
  readonly raiseFirst: boolean;
  /** orders/give.ts: acknowledging a credit WHERE sales.epoch = the epoch of the reply. */
  readonly ackFence: boolean;
  /** lua/apply_credits.lua: seq > base; without it a credit is stamped with the epoch. */
  readonly creditSeq: boolean;
  /** lua/apply_credits.lua: the set of applied credits. */
  readonly appliedSet: boolean;
  /** orders/orders.ts: an order that fails leaves its pin alone. */
  readonly pinStays: boolean;
  /** lua/settle_holds.lua: only what is held or pinned can end. */
  readonly endOnce: boolean;
  /** lua/begin_rebuild.lua: Redis makes the token, so that a second copy of the call makes another one. */
  readonly tokenFromRedis: boolean;
  /** lua/commit_rebuild.lua: the token is compared with the one in store. */
  readonly tokenChecked: boolean;
  /** lua/commit_rebuild.lua: the token is deleted, so that it serves once. */
  readonly tokenOnce: boolean;
  /** lua/commit_rebuild.lua: the token has to be of this life. */
  readonly tokenOfLife: boolean;
  /** lua/begin_rebuild.lua: a life is continuous only if it was the last to be armed. */
  readonly lastArmed: boolean;
  /** lua/begin_rebuild.lua: an older rebuild is superseded. */
  readonly beginEpoch: boolean;
  /** lua/pin_hold.lua: a hold that is being ordered is taken out of those that expire. */
  readonly pin: boolean;
  /** lua/pin_hold.lua: a hold that is over is not pinned. */
  readonly pinInTime: boolean;
  /** lua/sale.lua: without meta nothing is armed; without this guard stock is seeded from the allotment. */
  readonly noSeed: boolean;
  /** payments/late.ts: a take id is used by one try only; without it, all tries for an order use one. */
  readonly takeIdOnce: boolean;
  /** sales/rebuild.ts `noteArming`: the armed epoch is noted before it is true. */
  readonly noteFirst: boolean;
  /** sales/rebuild.ts `noteArming`: WHERE epoch = its own; a rebuild that was overtaken stops there. */
  readonly noteIfCurrent: boolean;
}

export const AS_WRITTEN: Guards = {
  armedLife: true,
  reignInLife: true,
  epochInGate: true,
  sqlGate: true,
  outcomeKey: true,
  voidRow: true,
  outcomesInRebuild: true,
  raiseFirst: true,
  ackFence: true,
  creditSeq: true,
  appliedSet: true,
  pinStays: true,
  endOnce: true,
  tokenFromRedis: true,
  tokenChecked: true,
  tokenOnce: true,
  tokenOfLife: true,
  lastArmed: true,
  beginEpoch: true,
  pin: true,
  pinInTime: true,
  noSeed: true,
  takeIdOnce: true,
  noteFirst: true,
  noteIfCurrent: true,
};

export function without(guard: keyof Guards): Guards {
  return { ...AS_WRITTEN, [guard]: false };
}
