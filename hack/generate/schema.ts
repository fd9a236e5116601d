// zod → the structural OpenAPI schema that a CRD takes.
import { z } from 'zod';
import { rulesKey } from '../../src/api/common.ts';

export type Schema = {
  type?: string;
  format?: string;
  description?: string;
  default?: unknown;
  enum?: unknown[];
  properties?: Record<string, Schema>;
  additionalProperties?: Schema;
  items?: Schema;
  required?: string[];
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  minProperties?: number;
  maxProperties?: number;
  minimum?: number;
  maximum?: number;
  pattern?: string;
  [key: string]: unknown;
};

const largestSafe = Number.MAX_SAFE_INTEGER;

// Takes out what CRDs refuse, and what the API server's own messages would hide.
const adapt = (schema: Schema): void => {
  // `should match '^…$'` helps nobody: every pattern has a CEL rule with a message of ours.
  if (schema.pattern !== undefined && schema[rulesKey] !== undefined) {
    delete schema.pattern;
  }
  if (schema['x-kubernetes-int-or-string'] === true) {
    delete schema.type;
    schema['anyOf'] = [{ type: 'integer' }, { type: 'string' }];
  }
  if (schema.type === 'integer') {
    schema.format = 'int64';
    if (schema.maximum === largestSafe) {
      delete schema.maximum;
    }
    if (schema.minimum === -largestSafe) {
      delete schema.minimum;
    }
  }
  delete schema['propertyNames'];
};

// The structural schema of a zod schema, checked against the rules that the API server has for CRDs.
export const structuralSchema = (schema: z.ZodType): Schema => {
  const { $schema: _, ...json } = z.toJSONSchema(schema, {
    target: 'openapi-3.0',
    io: 'input',
    reused: 'inline',
    override: ({ jsonSchema }) => adapt(jsonSchema as Schema),
  }) as Schema;
  check(json, 'schema');
  return json;
};

// Fails early, with the place, on what the API server would refuse or could not limit.
const check = (schema: Schema, path: string): void => {
  const fail = (what: string): never => {
    throw new Error(`${path}: ${what}. Change the zod schema in src/api.`);
  };
  const intOrString = schema['x-kubernetes-int-or-string'] === true;
  if (schema.type === undefined && !intOrString) {
    fail('no type: unions are not structural');
  }
  if (schema.pattern !== undefined) {
    fail('a pattern without a message: use formatted()');
  }
  if (schema.type === 'string' && schema.maxLength === undefined && schema.enum === undefined) {
    fail('a string without a bound');
  }
  if (schema.type === 'array' && schema.maxItems === undefined) {
    fail('a list without a bound');
  }
  if (schema.properties && schema.additionalProperties !== undefined) {
    fail('properties beside additionalProperties: use z.object, not z.strictObject');
  }
  if (schema.additionalProperties && schema.maxProperties === undefined) {
    fail('a map without a bound');
  }
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    if (property.description === undefined) {
      fail(`${name} has no description`);
    }
    check(property, `${path}.${name}`);
  }
  if (schema.items) {
    check(schema.items, `${path}[]`);
  }
  if (schema.additionalProperties) {
    check(schema.additionalProperties, `${path}{}`);
  }
};
