/** Reads /metrics as Prometheus does. */

import { expect } from 'bun:test';

type Labels = Readonly<Record<string, string>>;

interface Sample {
  readonly name: string;
  readonly labels: Labels;
  readonly value: number;
}

export type Scrape = Awaited<ReturnType<typeof scrape>>;

export async function scrape(opsUrl: string) {
  const response = await fetch(new URL('/metrics', opsUrl));
  expect(response.status).toBe(200);
  const text = await response.text();
  const samples = text.split('\n').flatMap(parse);
  const matching = (name: string, labels: Labels) =>
    samples.filter(
      (sample) =>
        sample.name === name &&
        Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
    );
  return {
    text,
    samples,
    /** Undefined where there is no such series. */
    value: (name: string, labels: Labels = {}) => matching(name, labels)[0]?.value,
    /** The values of the series with these labels, by one more label. */
    by: (label: string, name: string, labels: Labels = {}) =>
      Object.fromEntries(matching(name, labels).map((sample) => [sample.labels[label], sample.value])),
  };
}

function parse(line: string): Sample[] {
  const [, name, labels = '', value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
  if (name === undefined) return [];
  const pairs = [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, label = '', text = '']) => [label, text]);
  return [{ name, labels: Object.fromEntries(pairs) as Labels, value: Number(value) }];
}
