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
  const steps = field.thresholds?.steps ?? [];
  if (value === null) return { text: field.noValue ?? 'No data', colour: colourOf('text') };
  const step = steps.findLast((one) => one.value === null || value >= one.value);
  const mapping = field.mappings?.find((one) => isFor(one, value))?.options.result;
  return {
    text: mapping?.text ?? written(value, field.unit ?? 'none', field.decimals),
    colour: colourOf(mapping?.color ?? step?.color ?? 'text'),
  };
}

function isFor({ options: { from, to } }: Mapping, value: number): boolean {
  return value >= (from ?? -Infinity) && value <= (to ?? Infinity);
}

export function lastOf({ points }: Shown): number | null {
  return points.at(-1)?.[1] ?? null;
}
