/** What Grafana puts in the place of a board's variables before it asks Prometheus. */

export interface TimeOfPanel {
  readonly rangeMs: number;
  /** How many points Grafana asks for: about as many as the panel has pixels. */
  readonly points: number;
  /** A target's own "min step"; else the scrape interval of the data source. */
  readonly minStepS: number;
}

export interface Variable {
  readonly name: string;
  readonly type: string;
  readonly query?: unknown;
  readonly allValue?: string | null;
  readonly includeAll?: boolean;
}

export type Values = Readonly<Record<string, string>>;

/** `$name`, `${name}`, `${name:format}`, `[[name]]`. `$1` is no variable but what label_replace found. */
const VARIABLE = /\$(?<bare>[A-Za-z_]\w*)|\$\{(?<braced>[A-Za-z_]\w*)(?::\w+)?\}|\[\[(?<old>\w+)\]\]/g;

export function variablesIn(text: string): string[] {
  return [...text.matchAll(VARIABLE)].map(({ groups }) => nameIn(groups));
}

/** @throws naming a variable that has no value: Grafana would ask for its very name */
export function withVariables(text: string, values: Values): string {
  return text.replaceAll(VARIABLE, (...match) => {
    const name = nameIn(match.at(-1) as Groups);
    const value = values[name];
    if (value === undefined) throw new Error(`nobody gives $${name} a value, in: ${text}`);
    return value;
  });
}

type Groups = Readonly<Record<string, string | undefined>> | undefined;

function nameIn(groups: Groups): string {
  return groups?.['bare'] ?? groups?.['braced'] ?? groups?.['old'] ?? '';
}

/** With "All" chosen everywhere. */
export function valuesOfAll(variables: readonly Variable[]): Values {
  return Object.fromEntries(variables.map(({ name, allValue }) => [name, allValue ?? '.*']));
}

/** Grafana's own arithmetic: a step is never shorter than the scrape interval, and a rate needs four scrapes. */
export function valuesOfTime({ rangeMs, points, minStepS }: TimeOfPanel): Values {
  const stepS = stepOf({ rangeMs, points, minStepS });
  const rangeS = Math.round(rangeMs / 1_000);
  return {
    __interval: `${stepS}s`,
    __interval_ms: String(stepS * 1_000),
    __rate_interval: `${Math.max(stepS + minStepS, 4 * minStepS)}s`,
    __range: `${rangeS}s`,
    __range_s: String(rangeS),
    __range_ms: String(rangeMs),
  };
}

export function stepOf({ rangeMs, points, minStepS }: TimeOfPanel): number {
  return Math.max(Math.ceil(rangeMs / 1_000 / points), minStepS);
}
