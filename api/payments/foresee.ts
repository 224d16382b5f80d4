/** What would become of a delivery, if it were processed now. Nothing is written, and nobody is asked for units. */

import { isDuplicateKey } from '../mysql/faults.ts';
import { transaction } from '../mysql/transaction.ts';
import type { Services } from '../services.ts';
import { StoreUnavailable } from '../store-unavailable.ts';
import { decide, hasChanged, outcomeOf, type Decision } from './decide.ts';
import { lockDelivery } from './payments.ts';

export interface Foreseen {
  /** `late`: it would be paid again if its units are free. */
  readonly outcome: string;
  readonly isChanged: boolean;
}

/** Undoes the transaction that it is thrown in. */
class Undo extends Error {
  override readonly name = 'Undo';
  readonly made: Decision;

  constructor(made: Decision) {
    super('only to see what would happen');
    this.made = made;
  }
}

/** Somebody else may record the same intent at this moment; what they recorded is seen in the next look. */
const LOOKS_MAX = 3;

/** The deciding code itself, in a transaction that is undone. */
export async function foresee({ mysql }: Services, deliveryId: number): Promise<Foreseen> {
  for (let look = 1; look <= LOOKS_MAX; look += 1) {
    try {
      await transaction(mysql, async (sql) => {
        throw new Undo(await decide(sql, await lockDelivery(sql, deliveryId), null));
      });
    } catch (error) {
      if (error instanceof Undo) return toldOf(error.made);
      if (!isDuplicateKey(error)) throw error;
    }
  }
  throw new StoreUnavailable('sql', 'the payment is being recorded');
}

function toldOf(made: Decision): Foreseen {
  if (made.kind === 'late') return { outcome: 'late', isChanged: true };
  return { outcome: outcomeOf(made), isChanged: hasChanged(made) };
}
