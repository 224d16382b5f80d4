/** Guards of the ledger, each taken out of its SQL statement on the way to the server. Stories must notice. */

import type { ActorKind, ActorPlan, Scene } from './schedule-steps.ts';

export interface SqlMutant {
  /** What goes wrong without it. */
  readonly loses: string;
  /** Which statements. */
  readonly of: RegExp;
  readonly from: string;
  /** Keeps the number of parameters. */
  readonly to: string;
}

export const SQL_MUTANTS: readonly SqlMutant[] = [
  {
    loses: 'that only the Redis of this epoch may sell',
    of: /^update `sales` set `committed` = committed \+/,
    from: '`sales`.`epoch` = ?',
    to: '? is not null',
  },
  {
    loses: 'that sold units are counted',
    of: /^update `sales` set `committed` = committed \+/,
    from: 'committed + ?,',
    to: 'committed + 0 * ?,',
  },
  {
    loses: 'that units of an ended order are not counted any more',
    of: /^update `sales` set `committed` = committed -/,
    from: 'committed - ?,',
    to: 'committed - 0 * ?,',
  },
  {
    loses: 'that a credit is owed until the Redis of this epoch has it',
    of: /^update `stock_credits` set `delivered_at`/,
    from: '`sales`.`epoch` = ?',
    to: '? is not null',
  },
  {
    loses: 'that an ended order gives its buyer room again',
    of: /^update `buyer_units`/,
    from: 'units - ?',
    to: 'units - 0 * ?',
  },
  {
    loses: 'that a rebuild takes an epoch of its own',
    of: /^update `sales` set `epoch` = \? where/,
    from: '`epoch` = ?',
    to: '`epoch` = ? - 1',
  },
];

/** Those that matter when several are at work, each with the scene in which chance can find it. */
export const SCHEDULE_MUTANTS: readonly (SqlMutant & { scene: Scene; actors: ActorPlan[] })[] = [
  {
    loses: 'that only the Redis of this epoch may sell',
    of: /^update `sales` set `committed` = committed \+/,
    from: '`sales`.`epoch` = ?',
    to: '? is not null',
    scene: sceneOf('held'),
    actors: actorsOf('order', 'flush', 'rebuild'),
  },
  {
    loses: 'that a pin which was ordered meanwhile is not voided',
    of: /^insert into `hold_outcomes` .* values \(\?, \?, \?, default/,
    from: 'insert into',
    to: 'insert ignore into',
    scene: { ...sceneOf('pinned'), holds: [{ quantity: 1, stage: 'pinned', isOver: true }] },
    actors: actorsOf('order', 'settler'),
  },
  {
    loses: 'that a payment locks its order',
    of: /^select .* from `orders` where `orders`.`payment_intent_id` = \? for update/,
    from: ' for update',
    to: '',
    scene: sceneOf('ordered'),
    actors: actorsOf('pay', 'payFailed'),
  },
  {
    loses: 'that an expiry locks its order',
    of: /^select .* from `orders` where .* for update skip locked/,
    from: ' for update skip locked',
    to: '',
    scene: { ...sceneOf('ordered'), holds: [{ quantity: 1, stage: 'ordered', isOver: true }] },
    actors: actorsOf('pay', 'expireOrders'),
  },
];

function sceneOf(stage: Scene['holds'][number]['stage']): Scene {
  return { allotment: 2, buyerLimit: null, holds: [{ quantity: 1, stage, isOver: false }], redis: 'current' };
}

function actorsOf(...kinds: ActorKind[]): ActorPlan[] {
  return kinds.map((kind) => ({ do: kind, nth: 0 }));
}

/** @returns the change, and whether it was ever made */
export function sqlMutation({ of, from, to }: SqlMutant) {
  let isUsed = false;
  return {
    rewrite: (statement: string) => {
      if (!of.test(statement) || !statement.includes(from)) return statement;
      isUsed = true;
      return statement.replace(from, to);
    },
    isUsed: () => isUsed,
  };
}
