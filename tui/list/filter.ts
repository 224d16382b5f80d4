/** What an operator types to find rows: `text`, `!text`, `field:value`, `!field:value`, `field>3`; all of them must hold. */

export interface Term {
  readonly isInverse: boolean;
  /** Null: any field. */
  readonly field: string | null;
  readonly compares: 'has' | 'over' | 'under';
  readonly value: string;
  /** The value in its own letters: the API tells case apart. */
  readonly typed: string;
}

/** Field -> what the row says there. */
export type Fields = Readonly<Record<string, string>>;

const TERM = /^(!?)(?:([a-z_]+)([:<>]))?(.*)$/s;

/** Quotes keep blanks together: `name:"red lamp"`. A term that is not finished yet holds for every row. */
export function parseFilter(text: string): Term[] {
  const words = text.match(/(?:[^\s"]|"[^"]*"?)+/g) ?? [];
  return words.flatMap((word): Term[] => {
    const [, inverse, field, sign, rest = ''] = TERM.exec(word.replaceAll('"', '')) ?? [];
    if (rest === '') return [];
    const compares = sign === '>' ? 'over' : sign === '<' ? 'under' : 'has';
    return [
      { isInverse: inverse === '!', field: field ?? null, compares, value: rest.toLowerCase(), typed: rest },
    ];
  });
}

export function matches(terms: readonly Term[], fields: Fields): boolean {
  return terms.every((term) => holds(term, fields) !== term.isInverse);
}

function holds({ field, compares, value }: Term, fields: Fields): boolean {
  if (field === null || !Object.hasOwn(fields, field)) {
    const text = field === null ? value : `${field}${SIGNS[compares]}${value}`;
    return Object.values(fields).some((said) => said.toLowerCase().includes(text));
  }
  const said = fields[field] ?? '';
  if (compares === 'has') {
    // Sale 1 is not sale 12.
    return NUMBER.test(said) && NUMBER.test(value) ? said === value : said.toLowerCase().includes(value);
  }
  const [left, right] = [Number.parseFloat(said.replaceAll(',', '')), Number.parseFloat(value)];
  return compares === 'over' ? left > right : left < right;
}

const NUMBER = /^\d+$/;

const SIGNS: Readonly<Record<Term['compares'], string>> = { has: ':', over: '>', under: '<' };
