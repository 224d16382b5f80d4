/** What a colour means, on every board. State is always told by a word or a figure as well. */

/** As it should be. */
export const GOOD = 'green';
/** Sold, and sold out: what the sale is for, and never a fault. */
export const SOLD = 'blue';
/** Ordered, and soon sold. */
export const ORDERED = 'light-blue';
/** Held, or on its way. */
export const UNDER_WAY = 'yellow';
/** Somebody should look when there is time. */
export const LOOK = 'orange';
/** Oversold, drift, errors; nothing else. */
export const BAD = 'red';
/** A verdict that is neither good nor bad. */
export const NEITHER = 'transparent';
/** Figures and lines that are neither good nor bad. */
export const PLAIN = 'text';
/** Of durations: the darker, the rarer. */
export const PERCENTILES = { p50: 'light-purple', p95: 'purple', p99: 'dark-purple' };
