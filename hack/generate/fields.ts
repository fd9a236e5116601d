// A schema as flat lists: its fields, and its rules.
import { type CelRule, rulesKey } from '../../src/api/common.ts';
import type { Schema } from './schema.ts';

// `path` as `spec.tiers[].s3.bucket`.
export type Field = { path: string; required: boolean; schema: Schema };

// Every field below a schema, parents before children.
export const fieldsOf = (schema: Schema, path: string): Field[] =>
  Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    const own: Field = { path: `${path}.${name}`, required: schema.required?.includes(name) ?? false, schema: property };
    return [own, ...(property.items ? fieldsOf(property.items, `${own.path}[]`) : fieldsOf(property, own.path))];
  });

// Every CEL rule of a schema, with the place that the API server names.
export const rulesOf = (schema: Schema, path: string): { path: string; rule: CelRule }[] => [
  ...((schema[rulesKey] as CelRule[] | undefined) ?? []).map((rule) => ({ path: rule.fieldPath?.slice(1) ?? path, rule })),
  ...Object.entries(schema.properties ?? {}).flatMap(([name, property]) => rulesOf(property, path === '' ? name : `${path}.${name}`)),
  ...(schema.items ? rulesOf(schema.items, `${path}[]`) : []),
  ...(schema.additionalProperties ? rulesOf(schema.additionalProperties, `${path}.*`) : []),
];
