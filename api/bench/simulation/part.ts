/** A part of a sale: units of its own, on a shard of Redis. A sale is one part, unless it is split. */

import { COSTS } from './costs.ts';
import type { Station } from './station.ts';

/** Who wants one unit. */
export interface Buyer {
  /** Where a unit is held for them. */
  holdsOf: Part | null;
}

export interface Part {
  readonly shard: Station;
  readonly left: () => number;
  readonly calls: () => number;
  /** Redis' time for them. */
  readonly holdsUs: () => number;
  /** One call of place_holds. Those who hold a unit already are told so again, and take nothing. */
  place(buyers: readonly Buyer[], decided: (isHeld: readonly boolean[]) => void): void;
}

export function createPart(shard: Station, allotment: number): Part {
  let left = allotment;
  let calls = 0;
  let holdsUs = 0;
  const part: Part = {
    shard,
    left: () => left,
    calls: () => calls,
    holdsUs: () => holdsUs,
    place(buyers, decided) {
      let isHeld: boolean[] = [];
      shard.enter({
        begin() {
          calls += 1;
          isHeld = buyers.map((buyer) => {
            if (buyer.holdsOf === null && left > 0) {
              left -= 1;
              buyer.holdsOf = part;
            }
            return buyer.holdsOf === part;
          });
          const held = isHeld.filter(Boolean).length;
          const refused = buyers.length - held;
          const us = COSTS.redisCallUs + held * COSTS.redisHoldUs + refused * COSTS.redisRefusedUs;
          holdsUs += us;
          return us;
        },
        done: () => decided(isHeld),
      });
    },
  };
  return part;
}
