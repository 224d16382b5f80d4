/**
 * A histogram for what happens with every request: prom-client looks its series up by all labels each time, which cost
 * a request more than everything else that is measured of it.
 */
export interface Histogram {
  /** @param labels the values, in the order of the names */
  observe(value: number, ...labels: string[]): void;
  /** There with 0 from the beginning: a series that first appears with its first event hides that event from rate(). */
  begin(...labels: string[]): void;
  /** In the form that Prometheus reads. */
  text(): string;
}

interface Series {
  readonly buckets: readonly number[];
  /** How many fell into each bucket and into no smaller one; the last is for what is above all of them. */
  readonly counts: number[];
  sum: number;
  /** What stands before the figures in its lines: to be read every second by somebody, and always the same. */
  readonly lines: { readonly buckets: readonly string[]; readonly sum: string; readonly count: string };
}

interface Branch {
  series: Series | null;
  readonly branches: Map<string, Branch>;
}

interface About {
  readonly name: string;
  readonly help: string;
  readonly labelNames?: readonly string[];
  /**
   * The upper bounds for what has these labels. Where they differ, whoever adds series up by `le` adds up only those
   * with the same bounds.
   */
  readonly buckets: (labels: readonly string[]) => readonly number[];
}

export function createHistogram(about: About): Histogram {
  const all: Series[] = [];
  const root: Branch = { series: null, branches: new Map() };
  // Label by label, because one key of all of them would be a new string each time.
  const seriesOf = (labels: readonly string[]): Series => {
    let branch = root;
    for (const label of labels) {
      let next = branch.branches.get(label);
      if (next === undefined) {
        next = { series: null, branches: new Map() };
        branch.branches.set(label, next);
      }
      branch = next;
    }
    if (branch.series === null) {
      branch.series = createSeries(about, labels);
      all.push(branch.series);
    }
    return branch.series;
  };
  const { name, help, labelNames = [] } = about;
  if (labelNames.length === 0) seriesOf([]);
  return {
    observe(value, ...labels) {
      const series = seriesOf(labels);
      let bucket = 0;
      while (value > (series.buckets[bucket] ?? Number.POSITIVE_INFINITY)) bucket += 1;
      series.counts[bucket] = (series.counts[bucket] ?? 0) + 1;
      series.sum += value;
    },
    begin: (...labels) => void seriesOf(labels),
    text() {
      let text = `# HELP ${name} ${help}\n# TYPE ${name} histogram\n`;
      for (const { counts, sum, lines } of all) {
        let count = 0;
        lines.buckets.forEach((line, index) => {
          count += counts[index] ?? 0;
          text += `${line}${count}\n`;
        });
        text += `${lines.sum}${sum}\n${lines.count}${count}\n`;
      }
      return text;
    },
  };
}

function createSeries(
  { name, labelNames = [], buckets: bucketsOf }: About,
  labels: readonly string[],
): Series {
  const buckets = bucketsOf(labels);
  const pairs = labels.map((value, index) => `${labelNames[index]}=${JSON.stringify(value)}`);
  const bounds = [...buckets, '+Inf'];
  const braces = pairs.length === 0 ? '' : `{${pairs.join()}}`;
  return {
    buckets,
    counts: bounds.map(() => 0),
    sum: 0,
    lines: {
      buckets: bounds.map((bound) => `${name}_bucket{${[...pairs, `le="${bound}"`].join()}} `),
      sum: `${name}_sum${braces} `,
      count: `${name}_count${braces} `,
    },
  };
}
