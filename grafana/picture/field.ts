/** How a series of a panel looks, and what is said of a value. */

import type { Field, Mapping, Panel } from './board-json.ts';
import { colourOf } from './colours.ts';
import { written } from './units.ts';

/** What Prometheus answered to one target, named as the board wants it. */
export interface Shown {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Unix seconds and value. */
  readonly points: readonly (readonly [number, number])[];
  readonly refId: string;
}

/** The panel's field with what it overrides for a series of that name. */
export function fieldOf(panel: Panel, name: string): Field {
  const { defaults, overrides } = panel.fieldConfig;
  const properties = overrides
    .filter(({ matcher }) => matcher.id === 'byName' && matcher.options === name)
    .flatMap((override) => override.properties);
  let field = defaults;
  for (const { id, value } of properties) {
    field = id.startsWith('custom.')
      ? { ...field, custom: { ...field.custom, [id.slice('custom.'.length)]: value } }
      : { ...field, [id]: value };
  }
  return field;
}

export function ownColour({ color }: Field): string | undefined {
  return color?.mode === 'fixed' && color.fixedColor !== undefined ? colourOf(color.fixedColor) : undefined;
}

/** @param value null: nothing is known */
export function said(value: number | null, field: Field): { readonly text: string; readonly colour: string } {
  const { mappings = [], thresholds, unit = 'none', decimals, noValue = 'No data' } = field;
  const mapped = mappings.find((mapping) => isFor(mapping, value))?.options.result;
  const step = thresholds?.steps.findLast((one) => one.value === null || (value ?? NaN) >= one.value);
  return {
    text: mapped?.text ?? (value === null ? noValue : written(value, unit, decimals)),
    colour: colourOf(mapped?.color ?? (value === null ? 'text' : (step?.color ?? 'text'))),
  };
}

function isFor(mapping: Mapping, value: number | null): boolean {
  if (mapping.type === 'special') return value === null && mapping.options.match.includes('null');
  const { from, to } = mapping.options;
  return value !== null && value >= (from ?? -Infinity) && value <= (to ?? Infinity);
}

export function lastOf({ points }: Shown): number | null {
  return points.at(-1)?.[1] ?? null;
}
