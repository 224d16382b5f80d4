/** One JSON line per event, to stderr: state changes and faults, never one per request. */

const LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LEVELS)[number];

type Write = (message: string, facts?: Record<string, unknown>) => void;

export type Log = Readonly<Record<Exclude<LogLevel, 'silent'>, Write>>;

export function createLog(threshold: LogLevel): Log {
  const write =
    (level: LogLevel): Write =>
    (message, facts = {}) => {
      if (LEVELS.indexOf(level) < LEVELS.indexOf(threshold)) return;
      const line = JSON.stringify({ time: new Date().toISOString(), level, message, ...facts }, plainError);
      process.stderr.write(`${line}\n`);
    };
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
}

function plainError(_key: string, value: unknown): unknown {
  if (!(value instanceof Error)) return value;
  const { name, message, stack, cause } = value;
  return { name, message, stack, ...(cause instanceof Error ? { cause: cause.message } : {}) };
}
