/** Numbers, money and time, for people. */

const GROUPED = new Intl.NumberFormat('en-US');
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export function count(value: number): string {
  return GROUPED.format(value);
}

/** "1 hold", "5,000 holds" */
export function counted(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? '' : 's'}`;
}

/** "1,198.00 USD", with as many decimals as the currency has. @param amount major units */
export function money(amount: number, currency: string): string {
  const decimals = new Intl.NumberFormat('en-US', { style: 'currency', currency }).resolvedOptions();
  const text = new Intl.NumberFormat('en-US', {
    minimumFractionDigits: decimals.minimumFractionDigits ?? 2,
    maximumFractionDigits: decimals.maximumFractionDigits ?? 2,
  }).format(amount);
  return `${text} ${currency}`;
}

export function percent(part: number): string {
  // 0.58 * 100 is a little less than 58.
  return `${Math.floor(part * 100 + 1e-9)} %`;
}

/** "2.5/s", "13/s", "<0.1/s", "0/s" */
export function rate(perSecond: number): string {
  if (perSecond === 0) return '0/s';
  if (perSecond < 0.1) return '<0.1/s';
  return `${perSecond < 10 ? perSecond.toFixed(1) : count(Math.round(perSecond))}/s`;
}

/** What is left on a clock, rounded up: "1:59", "2:03:10", "3 d 4 h". Below ten seconds with tenths: "4.2 s". */
export function timeLeft(leftMs: number): string {
  if (leftMs <= 0) return '0:00';
  const tenths = Math.ceil(leftMs / 100);
  if (tenths < 100) return `${(tenths / 10).toFixed(1)} s`;
  return clock(Math.ceil(leftMs / SECOND) * SECOND);
}

/** As `timeLeft`, in whole seconds. */
export function wholeTimeLeft(leftMs: number): string {
  return clock(Math.max(0, Math.ceil(leftMs / SECOND)) * SECOND);
}

function clock(ms: number): string {
  const two = (value: number) => String(value).padStart(2, '0');
  if (ms >= DAY) return `${Math.floor(ms / DAY)} d ${Math.floor((ms % DAY) / HOUR)} h`;
  const seconds = two(Math.floor((ms % MINUTE) / SECOND));
  if (ms >= HOUR) return `${Math.floor(ms / HOUR)}:${two(Math.floor((ms % HOUR) / MINUTE))}:${seconds}`;
  return `${Math.floor(ms / MINUTE)}:${seconds}`;
}

/** "3 s ago", in steps that grow with the age: a list that ticks everywhere says nothing. */
export function ago(ageMs: number): string {
  return ageMs < SECOND ? 'now' : `${age(ageMs)} ago`;
}

/** "3 s", "12 min" */
export function age(ageMs: number): string {
  if (ageMs < MINUTE) return `${Math.floor(Math.max(0, ageMs) / SECOND)} s`;
  if (ageMs < HOUR) return `${Math.floor(ageMs / MINUTE)} min`;
  if (ageMs < DAY) return `${Math.floor(ageMs / HOUR)} h`;
  return `${Math.floor(ageMs / DAY)} d`;
}

/** 14:03:07 in the zone of whoever looks. */
export function timeOfDay(ms: number): string {
  const date = new Date(ms);
  return [date.getHours(), date.getMinutes(), date.getSeconds()]
    .map((part) => String(part).padStart(2, '0'))
    .join(':');
}

/** 2026-12-01 09:00:00 in the zone of whoever looks. */
export function dateTime(ms: number): string {
  const date = new Date(ms);
  const day = [date.getFullYear(), date.getMonth() + 1, date.getDate()];
  return `${day.map((part) => String(part).padStart(2, '0')).join('-')} ${timeOfDay(ms)}`;
}

/** 14:03:07 while it is of the same day, else 12-01. */
export function timeOrDay(ms: number, nowMs: number): string {
  const whole = dateTime(ms);
  return whole.slice(0, 10) === dateTime(nowMs).slice(0, 10) ? timeOfDay(ms) : whole.slice(5, 10);
}
