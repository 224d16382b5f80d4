/** When buyers come: most of them at the opening, the others ever more seldom until the end. */

const BURST_BUYERS = 0.6;
const BURST_TIME = 0.15;
const TAIL_FALL = 3;

/** @returns milliseconds after the opening; later numbers come later */
export function arrivalMs(number: number, buyers: number, lengthMs: number): number {
  const part = (number + 0.5) / buyers;
  if (part < BURST_BUYERS) return (part / BURST_BUYERS) * BURST_TIME * lengthMs;
  const inTail = (part - BURST_BUYERS) / (1 - BURST_BUYERS);
  const waited = -Math.log(1 - inTail * (1 - Math.exp(-TAIL_FALL))) / TAIL_FALL;
  return (BURST_TIME + (1 - BURST_TIME) * waited) * lengthMs;
}

/** Buyers per second while most of them come. */
export function burstRate(buyers: number, lengthMs: number): number {
  return (buyers * BURST_BUYERS) / ((lengthMs * BURST_TIME) / 1_000);
}
