/** Figures as Grafana writes them. */

/** @throws where a board has a unit that nobody drew yet */
export function written(value: number, unit: string, decimals?: number): string {
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '-∞';
  const write = UNITS[unit];
  if (write === undefined) throw new Error(`the unit ${unit} cannot be drawn yet`);
  return write(value, decimals);
}

type Write = (value: number, decimals: number | undefined) => string;

const thousands: Write = (value, decimals) => scaled(value, decimals, 1_000, ['', ' K', ' Mil', ' Bil']);

const UNITS: Readonly<Record<string, Write>> = {
  none: (value, decimals) => figure(value, decimals),
  short: thousands,
  percentunit: (value, decimals) => `${figure(value * 100, decimals)}%`,
  percent: (value, decimals) => `${figure(value, decimals)}%`,
  reqps: (value, decimals) => `${thousands(value, decimals)} req/s`,
  ops: (value, decimals) => `${thousands(value, decimals)} ops/s`,
  cps: (value, decimals) => `${thousands(value, decimals)} c/s`,
  bytes: (value, decimals) => scaled(value, decimals, 1_024, [' B', ' KiB', ' MiB', ' GiB']),
  Bps: (value, decimals) => scaled(value, decimals, 1_000, [' B/s', ' kB/s', ' MB/s', ' GB/s']),
  µs: (value, decimals) => seconds(value / 1_000_000, decimals),
  s: seconds,
};

function seconds(value: number, decimals: number | undefined): string {
  const size = Math.abs(value);
  if (size === 0) return '0 s';
  if (size < 0.001) return `${figure(value * 1_000_000, decimals)} µs`;
  if (size < 1) return `${figure(value * 1_000, decimals)} ms`;
  if (size < 60) return `${figure(value, decimals)} s`;
  return size < 3_600 ? `${figure(value / 60, decimals)} min` : `${figure(value / 3_600, decimals)} hours`;
}

function scaled(value: number, decimals: number | undefined, step: number, names: readonly string[]): string {
  let [rest, index] = [value, 0];
  while (Math.abs(rest) >= step && index < names.length - 1) {
    rest /= step;
    index += 1;
  }
  return `${figure(rest, decimals)}${names[index] ?? ''}`;
}

/** Three digits that count, unless the board says how many it wants behind the point. */
function figure(value: number, decimals: number | undefined): string {
  if (decimals !== undefined) return value.toFixed(decimals);
  const size = Math.abs(value);
  const digits = size >= 100 || size === 0 ? 0 : size >= 10 ? 1 : 2;
  return String(Number(value.toFixed(size < 0.01 ? 4 : digits)));
}
