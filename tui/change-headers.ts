/** What goes with a change. */
export type ChangeHeaders = {
  readonly 'idempotency-key': string;
  readonly 'change-reason'?: string;
};

/** Percent-encoded, since headers are ASCII. @param reason empty: nobody said */
export function reasonHeader(reason: string): Pick<ChangeHeaders, 'change-reason'> {
  return reason === '' ? {} : { 'change-reason': encodeURIComponent(reason) };
}
