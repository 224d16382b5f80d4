/** The PromQL that panels have in common. */

/** Of the processes that we write; the exporters tell metrics of the same names. */
export const OUR_JOBS = 'job=~"api|worker"';

/** A gauge that every process reads from the stores: the same everywhere, so it is never added up over processes. */
export function ofSales(gauge: string, label = ''): string {
  return `max by (sale) (${gauge}{sale=~"$sale"${label && `,${label}`}})`;
}

/** Units of the chosen sales that are in a state now. */
export function units(state: string): string {
  return `sum(${ofSales('flashsale_sale_units', `state="${state}"`)})`;
}

/** Units of the chosen sales that ever came as far as a step. */
export function reached(step: string): string {
  return `sum(${ofSales('flashsale_sale_steps', `step="${step}"`)})`;
}

/** Of all processes together. @param selector a counter, with or without labels in braces */
export function perSecond(selector: string, by = ''): string {
  return `sum${by && ` by (${by})`} (rate(${selector}[$__rate_interval]))`;
}

/** @param selector the buckets of a histogram, with or without labels in braces */
export function quantile(q: number, selector: string, by = ''): string {
  return `histogram_quantile(${q}, ${perSecond(selector, by === '' ? 'le' : `le, ${by}`)})`;
}

/** What happened never has no series yet: it is told as 0. */
export function orZero(query: string): string {
  return `(${query} or vector(0))`;
}
