/** What is asked for, and what came of it. */

export interface Prepared {
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export type Requests =
  | { readonly kind: 'get' }
  /** The same POST again and again. */
  | { readonly kind: 'same'; readonly body: string }
  /** Holds as a storefront asks for them: another buyer and another idempotency key in each. */
  | { readonly kind: 'buyers'; readonly productId: number }
  /** One after the other, and again from the first. */
  | { readonly kind: 'in_turn'; readonly requests: readonly Prepared[] }
  /** Each once. */
  | { readonly kind: 'once'; readonly requests: readonly Prepared[] };

export interface Load {
  readonly url: string;
  readonly connections: number;
  readonly seconds: number;
  readonly requests: Requests;
}

export interface Loaded {
  readonly requests: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of a reply, headers included. */
  readonly replyBytes: number;
  /** Answers with 400 and more. */
  readonly refused: number;
  /** Not answered, or not in time. */
  readonly failed: number;
  /** Requests that were to be made once were all made before the time was over: the rest was something else. */
  readonly ranOut: boolean;
}
