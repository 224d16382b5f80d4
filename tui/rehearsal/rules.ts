/** What has to be true of every rehearsal, whoever came and whatever went wrong. */

import { safe } from '../look/text.ts';

const RULES = {
  promised: 'never more units promised to buyers at once than there are',
  sums: 'available, held, ordered and paid units add up, whenever one looks',
  holds: 'a hold belongs to one buyer, and a buyer who asks twice gets the same one',
  offered: 'nobody is turned away while there are units',
  orders: 'every order that a buyer was told of is there, one for a hold, and no other ones',
  payments: 'every payment that was confirmed is there, and counts once however often it is told',
  forgeries: 'a wrong amount pays nothing, and a foreign signature is not heard',
  answers: 'everybody is answered, with what buyers know',
  end: 'in the end everything is settled, and nothing is lost',
} as const;
type Rule = keyof typeof RULES;

export interface Check {
  readonly rule: Rule;
  readonly says: string;
  readonly passed: boolean;
  /** How often it was broken. */
  readonly breaches: number;
  /** The first breaches, in words. */
  readonly examples: readonly string[];
}

const EXAMPLES_MAX = 3;

export interface Judge {
  /** A rule is broken, as words say. */
  breach(rule: Rule, words: string): void;
  checks(): Check[];
}

export function createJudge(): Judge {
  const broken = new Map<Rule, { breaches: number; examples: string[] }>();
  return {
    breach(rule, words) {
      // Words of whatever answered may be in it.
      const what = safe(words);
      const known = broken.get(rule) ?? { breaches: 0, examples: [] };
      known.breaches += 1;
      if (known.examples.length < EXAMPLES_MAX && !known.examples.includes(what)) known.examples.push(what);
      broken.set(rule, known);
    },
    checks: () =>
      (Object.keys(RULES) as Rule[]).map((rule) => {
        const { breaches = 0, examples = [] } = broken.get(rule) ?? {};
        return { rule, says: RULES[rule], passed: breaches === 0, breaches, examples };
      }),
  };
}
