/** Fields of what the API tells, by name: `units.available`. The contracts say which there are. */

/** As much of a JSON schema as names its fields. */
interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly anyOf?: readonly Schema[];
}

/** @returns each field of an object, and of the objects in it: `units` and `units.available`. */
export function fieldsOf(schema: object): string[] {
  const names = Object.entries(propertiesOf(schema)).flatMap(([name, field]) => [
    name,
    ...fieldsOf(field).map((inner) => `${name}.${inner}`),
  ]);
  return [...new Set(names)];
}

/** Of one that may be null, or one of several, too. */
function propertiesOf({ properties = {}, anyOf = [] }: Schema): Record<string, Schema> {
  return Object.assign({ ...properties }, ...anyOf.map(propertiesOf));
}

/** @returns undefined when it has no such field */
export function valueAt(row: unknown, field: string): unknown {
  let value = row;
  for (const name of field.split('.')) {
    if (typeof value !== 'object' || value === null) return value === null ? null : undefined;
    value = Object.entries(value).find(([known]) => known === name)?.[1];
  }
  return value;
}
