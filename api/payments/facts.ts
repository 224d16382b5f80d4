import type { PaymentEvent } from '@flash-sale/shared/contracts/payment.ts';

/** What a provider states. Facts of one intent may arrive in any order, and lead to the same end. */
export interface PaymentFacts {
  /** `other`: recorded, and nothing is made of it. */
  readonly event: PaymentEvent | 'other';
  /** What the provider calls an `other` event. */
  readonly otherEvent?: string;
  /** Empty in an `other` event that is about no payment. */
  readonly intentId: string;
  /** Null when not stated: then the intent alone says whose payment it is. */
  readonly holdId: string | null;
  /** Major units, as stated; null when not stated. */
  readonly amount: number | null;
  readonly currency: string | null;
  /** The provider's name of a refund. */
  readonly refundReference?: string;
}
