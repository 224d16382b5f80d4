/** The PromQL that panels have in common. */

/** Of the processes that we write; the exporters tell metrics of the same names. */
export const OUR_JOBS = 'job=~"api|worker"';

/** A gauge that every process reads from the stores: the same everywhere, so it is never added up over processes. */
export function ofSales(gauge: string, label = ''): string {
  return `max by (sale) (${gauge}{sale=~"$sale"${label && `,${label}`}})`;
}

/**
 * Units of the chosen sales that are in a state now. Each process looks at its own moment: the means of what adds up
 * add up as well, the greatest do not.
 */
export function units(state: string): string {
  return `sum(avg by (sale) (flashsale_sale_units{sale=~"$sale",state="${state}"}))`;
}

/** Units of the chosen sales that ever came as far as a step. */
export function reached(step: string): string {
  return `sum(${ofSales('flashsale_sale_steps', `step="${step}"`)})`;
}

/** Short, for graphs: as short as the scrapes allow. */
const RECENT = '$__rate_interval';
/** For figures that are asked once, for the whole time that was chosen. */
export const WHOLE_TIME = '$__range';

/** Of all processes together. @param selector a counter, with or without labels in braces */
export function perSecond(selector: string, by = '', window = RECENT): string {
  return `sum${by && ` by (${by})`} (rate(${selector}[${window}]))`;
}

/** @param selector the buckets of a histogram, with or without labels in braces */
export function quantile(q: number, selector: string, by = '', window = RECENT): string {
  return `histogram_quantile(${q}, ${perSecond(selector, by === '' ? 'le' : `le, ${by}`, window)})`;
}

/** @param part a part of `whole`; both may be 0 */
export function share(part: string, whole: string): string {
  return `(${part}) / clamp_min(${whole}, 1e-6)`;
}

/** What happened never has no series yet: it is told as 0. */
export function orZero(query: string): string {
  return `(${query} or vector(0))`;
}
