/**
 * A histogram for what happens with every request: prom-client looks its series up by all labels each time, which cost
 * a request more than everything else that is measured of it.
 */
export interface Histogram {
  /** @param labels the values, in the order of the names */
  observe(value: number, ...labels: string[]): void;
  /** In the form that Prometheus reads. */
  text(): string;
}

interface Series {
  readonly labels: readonly string[];
  /** How many fell into each bucket and into no smaller one; the last is for what is above all of them. */
  readonly counts: number[];
  sum: number;
}

export function createHistogram(about: {
  readonly name: string;
  readonly help: string;
  readonly labelNames?: readonly string[];
  readonly buckets: readonly number[];
}): Histogram {
  const { name, help, labelNames = [], buckets } = about;
  const all = new Map<string, Series>();
  const seriesOf = (labels: readonly string[]): Series => {
    const key = labels.join('\n');
    const known = all.get(key);
    if (known !== undefined) return known;
    const made = { labels, counts: Array.from({ length: buckets.length + 1 }, () => 0), sum: 0 };
    all.set(key, made);
    return made;
  };
  if (labelNames.length === 0) seriesOf([]);
  return {
    observe(value, ...labels) {
      const series = seriesOf(labels);
      let bucket = 0;
      while (value > (buckets[bucket] ?? Number.POSITIVE_INFINITY)) bucket += 1;
      series.counts[bucket] = (series.counts[bucket] ?? 0) + 1;
      series.sum += value;
    },
    text() {
      const lines = [`# HELP ${name} ${help}`, `# TYPE ${name} histogram`];
      for (const { labels, counts, sum } of all.values()) {
        const pairs = labels.map((value, index) => `${labelNames[index]}=${JSON.stringify(value)}`);
        let count = 0;
        counts.forEach((ofBucket, index) => {
          count += ofBucket;
          lines.push(`${name}_bucket{${[...pairs, `le="${buckets[index] ?? '+Inf'}"`].join()}} ${count}`);
        });
        const braces = pairs.length === 0 ? '' : `{${pairs.join()}}`;
        lines.push(`${name}_sum${braces} ${sum}`, `${name}_count${braces} ${count}`);
      }
      return `${lines.join('\n')}\n`;
    },
  };
}
