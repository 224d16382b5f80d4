/** Reads a process's environment against a table of variables: every fault in one message, secrets never printed. */

export interface Variable<Value> {
  /** What is accepted, for the message: "a port, 1 to 65535". */
  readonly expected: string;
  /** The value when the variable is unset or empty. */
  readonly fallback: Value;
  /** Returns the value, or undefined when the text is not acceptable. */
  readonly parse: (text: string) => Value | undefined;
  readonly secret?: boolean;
  /** Why the variable must be set; absent when it may be left out. */
  readonly required?: string;
}

export type Values<Table> = {
  readonly [Name in keyof Table]: Table[Name] extends Variable<infer Value> ? Value : never;
};

export class EnvironmentError extends Error {
  override readonly name = 'EnvironmentError';
}

/** @throws EnvironmentError that lists every variable at fault. */
export function parseEnvironment<Table extends Record<string, Variable<unknown>>>(
  table: Table,
  environment: Readonly<Record<string, string | undefined>>,
): Values<Table> {
  const faults: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, variable] of Object.entries(table)) {
    const text = environment[name];
    if (text === undefined || text === '') {
      if (variable.required !== undefined)
        faults.push(`  ${name}: expected ${variable.expected}; ${variable.required}`);
      values[name] = variable.fallback;
      continue;
    }
    const value = variable.parse(text);
    if (value === undefined) {
      const got = variable.secret === true ? 'a value that is not shown' : JSON.stringify(text);
      faults.push(`  ${name}: expected ${variable.expected}, got ${got}`);
    }
    values[name] = value;
  }
  if (faults.length > 0) {
    throw new EnvironmentError(`The environment is not usable:\n${faults.join('\n')}`);
  }
  return Object.freeze(values) as Values<Table>;
}

export function oneOf<const Word extends string>(words: readonly Word[], fallback: Word): Variable<Word> {
  return {
    expected: `one of ${words.join(', ')}`,
    fallback,
    parse: (text) => words.find((word) => word === text),
  };
}

export function port(fallback: number): Variable<number> {
  return {
    expected: 'a port, 0 (any free one) to 65535',
    fallback,
    parse: (text) => (/^\d{1,5}$/.test(text) && Number(text) <= 65_535 ? Number(text) : undefined),
  };
}

export function text(fallback: string): Variable<string> {
  return { expected: 'text', fallback, parse: (value) => value };
}

/** A URL of one of the given schemes; null when unset. */
export function url(schemes: readonly string[]): Variable<string | null> {
  return {
    expected: `a URL that starts with ${schemes.map((scheme) => `${scheme}://`).join(' or ')}`,
    fallback: null,
    // A store's URL may hold a password.
    secret: true,
    parse: (value) =>
      URL.canParse(value) && schemes.includes(new URL(value).protocol.slice(0, -1)) ? value : undefined,
  };
}
