/** What is different between two values, name by name. */

export interface ValueChange {
  /** `terms.price`; empty for the value as a whole. */
  readonly name: string;
  /** Null: it was not there. */
  readonly before: string | null;
  readonly after: string | null;
}

/** Names that did not change are there too: they say what the changed ones belong to. */
export function valueChanges(before: unknown, after: unknown): ValueChange[] {
  const [old, now] = [leavesOf(before), leavesOf(after)];
  return [...new Set([...old.keys(), ...now.keys()])].map((name) => ({
    name,
    before: old.get(name) ?? null,
    after: now.get(name) ?? null,
  }));
}

/** Lists are values: their places are no names. */
function leavesOf(value: unknown, name = ''): Map<string, string> {
  if (value === null && name === '') return new Map();
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return new Map([[name, typeof value === 'string' ? value : JSON.stringify(value)]]);
  }
  return new Map(
    Object.entries(value).flatMap(([key, inner]) => [
      ...leavesOf(inner, name === '' ? key : `${name}.${key}`),
    ]),
  );
}
