/** State changes and faults, never one line per request: JSON to stderr, or plain text when a person looks on. */

const LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LEVELS)[number];

/** Of a process whose log somebody else shows to a person. */
export const PLAIN_FLAG = '--plain-log';

type Facts = Readonly<Record<string, unknown>>;
type Write = (message: string, facts?: Facts) => void;

export type Log = Readonly<Record<Exclude<LogLevel, 'silent'>, Write>>;

/** What a terminal obeys instead of showing it: controls, ends of lines, and what turns the direction of text around. */
const OBEYED = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** @param put where lines go; the screen belongs to somebody else while the operator's terminal is open */
export function createLog(
  threshold: LogLevel,
  put: (line: string) => void = (line) => process.stderr.write(line),
  isForPeople = process.stderr.isTTY || process.argv.includes(PLAIN_FLAG),
): Log {
  const format = isForPeople ? plainLine : jsonLine;
  const write =
    (level: LogLevel): Write =>
    (message, facts = {}) => {
      if (LEVELS.indexOf(level) < LEVELS.indexOf(threshold)) return;
      const line = format(level, message, facts).replaceAll(OBEYED, escaped);
      put(`${line}\n`);
    };
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
}

function jsonLine(level: LogLevel, message: string, facts: Facts): string {
  return JSON.stringify({ time: new Date().toISOString(), level, message, ...facts }, spelledOut);
}

function plainLine(level: LogLevel, message: string, facts: Facts): string {
  const told = Object.entries(facts).map(([name, fact]) => `${name}=${JSON.stringify(fact, spelledOut)}`);
  return [level.padEnd(8), message, ...told].join(' ');
}

/** As JSON writes it. */
function escaped(character: string): string {
  const units = character.split('');
  return units.map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`).join('');
}

function spelledOut(_key: string, value: unknown): unknown {
  if (!(value instanceof Error)) return value;
  // A failed query's own message holds its parameters: webhook bodies, signatures, buyers.
  if ('query' in value && value.cause instanceof Error) {
    return { name: 'Query', message: value.cause.message };
  }
  const { name, message, stack, cause } = value;
  return { name, message, stack, ...(cause instanceof Error ? { cause: spelledOut('', cause) } : {}) };
}
