/** Times and durations as operators type them. */

const DURATION = /^(?:(\d+)\s*d)?\s*(?:(\d+)\s*h)?\s*(?:(\d+)\s*m(?:in)?)?\s*(?:(\d+)\s*s)?$/;
const MINUTES = /^(\d+):([0-5]\d)$/;
const TIME_OF_DAY = /^([01]?\d|2[0-3]):([0-5]\d)$/;
const LOCAL = /^(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d)(?::(\d\d))?$/;
const WITH_ZONE = /^\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/;
const DAY_S = 86_400;

/** "1h 30m", "90s", "2d"; null when it is none. */
function durationSeconds(text: string): number | null {
  const parts = DURATION.exec(text);
  if (parts === null || text === '') return null;
  const [d = 0, h = 0, m = 0, s = 0] = parts.slice(1).map((part) => Number(part ?? 0));
  return d * DAY_S + h * 3_600 + m * 60 + s;
}

/** "120", "2m", "2:00"; null when it is none. */
export function readSeconds(text: string): number | null {
  const said = text.trim();
  if (/^\d+$/.test(said)) return Number(said);
  const [, minutes, seconds] = MINUTES.exec(said) ?? [];
  if (minutes !== undefined) return Number(minutes) * 60 + Number(seconds);
  return durationSeconds(said);
}

interface Bases {
  readonly nowMs: number;
  /** What `+1h` is counted from. */
  readonly fromMs: number;
}

/**
 * "18:00" (the next one), "2026-12-01 09:00", the same with a zone, "2h" or "in 2h" from now, "+2h" from the base; null
 * when it is none of these. Without a zone it is the zone of this machine.
 */
export function readInstant(text: string, { nowMs, fromMs }: Bases): number | null {
  const said = text.trim();
  const [whole, sign = '', rest = ''] = /^(\+|in\s+|)(.*)$/.exec(said) ?? [];
  const seconds = durationSeconds(rest);
  if (whole !== undefined && seconds !== null) return (sign === '+' ? fromMs : nowMs) + seconds * 1_000;
  const [, hours, minutes] = TIME_OF_DAY.exec(said) ?? [];
  if (hours !== undefined) return nextTimeOfDay(Number(hours), Number(minutes), nowMs);
  if (WITH_ZONE.test(said)) return finite(Date.parse(said.replace(' ', 'T')));
  return readLocal(said);
}

function nextTimeOfDay(hours: number, minutes: number, nowMs: number): number {
  const today = new Date(nowMs);
  today.setHours(hours, minutes, 0, 0);
  if (today.getTime() <= nowMs) today.setDate(today.getDate() + 1);
  return today.getTime();
}

function readLocal(said: string): number | null {
  const parts = LOCAL.exec(said)
    ?.slice(1)
    .map((part) => Number(part ?? 0));
  if (parts === undefined) return null;
  const [year = 0, month = 1, day = 1, hours = 0, minutes = 0, seconds = 0] = parts;
  const date = new Date(year, month - 1, day, hours, minutes, seconds);
  // The 31st of a shorter month would become the 1st of the next.
  const isReal = date.getMonth() === month - 1 && date.getDate() === day && hours < 24 && minutes < 60;
  return isReal ? finite(date.getTime()) : null;
}

function finite(ms: number): number | null {
  return Number.isFinite(ms) ? ms : null;
}
