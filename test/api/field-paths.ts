// Fields of a CRD, and in which of them two resources differ.

// oxlint-disable-next-line typescript/no-explicit-any
type Schema = any;

// Every field that holds a value, such as `.tiers[].name`.
export const fieldsOf = (schema: Schema, path = ''): string[] => {
  if (schema.properties !== undefined) {
    return Object.entries(schema.properties).flatMap(([name, inner]) => fieldsOf(inner, `${path}.${name}`));
  }
  return schema.items === undefined ? [path] : fieldsOf(schema.items, `${path}[]`);
};

const valuesOf = (value: unknown, path: string, found: Map<string, string[]>): Map<string, string[]> => {
  if (Array.isArray(value)) {
    value.forEach((each) => valuesOf(each, `${path}[]`, found));
  } else if (typeof value === 'object' && value !== null) {
    Object.entries(value).forEach(([name, inner]) => valuesOf(inner, `${path}.${name}`, found));
  }
  const text = Array.isArray(value) ? String(value.length) : JSON.stringify(value);
  return found.set(path, [...(found.get(path) ?? []), text]);
};

// Paths whose values are not the same in both.
export const differences = (a: unknown, b: unknown): string[] => {
  const [first, second] = [a, b].map((each) => valuesOf(each, '', new Map()));
  const paths = new Set([...(first?.keys() ?? []), ...(second?.keys() ?? [])]);
  return [...paths].filter((path) => JSON.stringify(first?.get(path)) !== JSON.stringify(second?.get(path)));
};
