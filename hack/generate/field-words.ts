// What a schema says, in words for a table.
import type { Schema } from './schema.ts';

const plural: Record<string, string> = { string: 'texts', integer: 'numbers', object: 'objects', boolean: 'booleans' };

// `text`, `list of objects`, `one of A, B`.
export const typeInWords = (schema: Schema): string => {
  if (schema.enum) {
    return schema.enum.length === 1
      ? `\`${String(schema.enum[0])}\``
      : `one of ${schema.enum.map((value) => `\`${String(value)}\``).join(', ')}`;
  }
  if (schema['x-kubernetes-int-or-string'] === true) {
    return 'quantity';
  }
  switch (schema.type) {
    case 'array':
      return `list of ${schema.items?.enum ? typeInWords(schema.items) : (plural[schema.items?.type ?? ''] ?? 'values')}`;
    case 'object':
      return schema.additionalProperties
        ? `map of texts to ${schema.additionalProperties.type === 'string' ? 'texts' : 'quantities'}`
        : 'object';
    case 'string':
      return schema.format === 'date-time' ? 'time' : 'text';
    case 'integer':
      return 'whole number';
    case undefined:
    default:
      return schema.type ?? '';
  }
};

const range = (low: number | undefined, high: number | undefined, what: string): string | undefined => {
  if (low !== undefined && high !== undefined) {
    return low === high ? `${low}${what}` : `${low} to ${high}${what}`;
  }
  if (high !== undefined) {
    return `at most ${high}${what}`;
  }
  return low === undefined ? undefined : `at least ${low}${what}`;
};

// Times and fixed words need no bound.
const ownBounds = (schema: Schema): (string | undefined)[] =>
  schema.format === 'date-time' || schema.enum
    ? []
    : [
        range(schema.minItems, schema.maxItems, ' items'),
        range(schema.minProperties, schema.maxProperties, ' entries'),
        range(schema.minLength, schema.maxLength, ' characters'),
        range(schema.minimum, schema.maximum, ''),
      ];

// `1 to 8 items; each once; at most 20 characters each`.
export const boundsInWords = (schema: Schema): string => {
  const unique = schema['x-kubernetes-list-type'] === 'set' ? 'each once' : undefined;
  const keys = schema['x-kubernetes-list-map-keys'] as string[] | undefined;
  const keyed = keys === undefined ? undefined : `no two with the same \`${keys.join('`, `')}\``;
  const items = schema.items ? ownBounds(schema.items).filter((part) => part !== undefined) : [];
  return [...ownBounds(schema), unique, keyed, ...items.map((part) => `${part} each`)].filter((part) => part !== undefined).join('; ');
};

// Defaults of objects are their fields' defaults.
export const defaultInWords = (schema: Schema): string => {
  if (schema.default === undefined || (schema.type === 'object' && JSON.stringify(schema.default) === '{}')) {
    return '';
  }
  return `\`${typeof schema.default === 'string' ? schema.default : JSON.stringify(schema.default)}\``;
};
