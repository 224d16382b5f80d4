/** Reads a process's environment against a table of variables: every fault in one message, secrets never printed. */

export interface Variable<Value> {
  /** What is accepted, for the message: "a port, 1 to 65535". */
  readonly expected: string;
  /** The value when the variable is unset or empty. */
  readonly fallback: Value;
  /** Returns the value, or undefined when the text is not acceptable. */
  readonly parse: (text: string) => Value | undefined;
  /** Never printed; and where files are read, `NAME_FILE` may say which file holds it. */
  readonly secret?: boolean;
  /** Variables that say the same in another way: set together, nobody knows which is meant. */
  readonly otherwise?: readonly string[];
  /** Why the variable must be set; absent when it may be left out. */
  readonly required?: string;
}

export type Values<Table> = {
  readonly [Name in keyof Table]: Table[Name] extends Variable<infer Value> ? Value : never;
};

export class EnvironmentError extends Error {
  override readonly name = 'EnvironmentError';
}

type Environment = Readonly<Record<string, string | undefined>>;
type ReadFile = (path: string) => string;

/**
 * @param readFile where given, each secret may be in a file instead of in the environment
 * @throws EnvironmentError that lists every variable at fault.
 */
export function parseEnvironment<Table extends Record<string, Variable<unknown>>>(
  table: Table,
  environment: Environment,
  readFile?: ReadFile,
): Values<Table> {
  const faults: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, variable] of Object.entries(table)) {
    try {
      values[name] = valueOf(name, variable, environment, readFile);
    } catch (error) {
      if (!(error instanceof EnvironmentError)) throw error;
      faults.push(`  ${error.message}`);
    }
  }
  if (faults.length > 0) {
    throw new EnvironmentError(`The environment is not usable:\n${faults.join('\n')}`);
  }
  return Object.freeze(values) as Values<Table>;
}

function valueOf(
  name: string,
  variable: Variable<unknown>,
  environment: Environment,
  readFile: ReadFile | undefined,
): unknown {
  const { expected, fallback, parse, required, otherwise = [], secret = false } = variable;
  const other = isSet(name, environment) ? otherwise.find((one) => isSet(one, environment)) : undefined;
  if (other !== undefined) throw new EnvironmentError(`${name} and ${other} are both set: unset one`);
  const path = secret && readFile !== undefined ? environment[`${name}_FILE`] : undefined;
  if (readFile !== undefined && path !== undefined && path !== '') {
    if (environment[name]) throw new EnvironmentError(`${name} and ${name}_FILE are both set: unset one`);
    // The last line of a file ends as lines do.
    const value = parse(textOf(name, path, readFile).trim());
    if (value !== undefined) return value;
    throw new EnvironmentError(
      `${name}_FILE: expected ${expected} in ${path}, got a value that is not shown`,
    );
  }
  const text = environment[name];
  if (text === undefined || text === '') {
    if (required === undefined) return fallback;
    throw new EnvironmentError(`${name}: expected ${expected}; ${required}`);
  }
  const value = parse(text);
  if (value !== undefined) return value;
  const got = secret ? 'a value that is not shown' : JSON.stringify(text);
  throw new EnvironmentError(`${name}: expected ${expected}, got ${got}`);
}

function isSet(name: string, environment: Environment): boolean {
  return Boolean(environment[name] || environment[`${name}_FILE`]);
}

function textOf(name: string, path: string, readFile: ReadFile): string {
  try {
    return readFile(path);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new EnvironmentError(`${name}_FILE: ${path} cannot be read: ${why}`, { cause });
  }
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
