/** The connection's ups and downs, for the log. This knows no state: the state holds the log. */

interface Link {
  readonly kind: 'connecting' | 'live' | 'refused';
  /** What is wrong, for people. */
  readonly says: string;
}

/** Null: nothing that is worth a line. Tries that fail in the same way are not told again. */
export function linkWords(before: Link, after: Link): string | null {
  switch (after.kind) {
    case 'live':
      return before.kind === 'live' ? null : 'Connected: what is shown is live.';
    case 'refused':
      return `Refused. ${after.says}`;
    case 'connecting': {
      const isKnown = before.kind !== 'live' && before.says === after.says;
      return after.says === '' || isKnown ? null : `Disconnected: ${after.says}.`;
    }
  }
}
