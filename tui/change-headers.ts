/** What goes with a change. */
export type ChangeHeaders = Readonly<{ 'idempotency-key': string; 'change-reason'?: string }>;

/** Percent-encoded, since headers are ASCII. @param reason empty: nobody said */
export function reasonHeader(reason: string): Pick<ChangeHeaders, 'change-reason'> {
  return reason === '' ? {} : { 'change-reason': encodeURIComponent(reason) };
}
