/** Whom the rows about the stores ask, and how often. */

export const INSTANCE = 'instance=~"$instance"';
/** How often Prometheus asks the exporters. */
export const EXPORTERS = '10s';
