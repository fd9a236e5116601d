// Resources of any shape: valid ones, half valid ones, and absurd ones, made from the schemas.
import * as fc from 'fast-check';
import type { z } from 'zod';
import { backupSpecSchema, backupStatusSchema } from '../../src/api/backup.ts';
import { policySpecSchema, policyStatusSchema } from '../../src/api/policy.ts';
import type { Backup, BackupPolicy } from '../../src/api/objects.ts';
import { makeBackup, makePolicy, recipient, verificationKey } from './fixtures.ts';

// oxlint-disable-next-line typescript/no-explicit-any
type Definition = any;

const definitionOf = (schema: z.ZodType): Definition => schema.def;

const times = ['2026-11-22T02:00:00Z', '2026-11-21T01:30:00Z', '1970-01-01T00:00:00Z', '9999-12-31T23:59:59Z', '2026-11-22T04:00:00+02:00'];
// Values that pass a pattern, for those that are known; anything else gets any text.
const texts = [
  'db',
  'stock',
  'local',
  'cloud',
  'shop',
  '30m',
  '24h',
  '1d',
  '10Gi',
  '0 2 * * *',
  '*/5 * * * *',
  'Etc/UTC',
  'https://s3',
  'eu-central-1',
  '0123456789abcdef',
  'fedcba9876543210',
  'password',
  'Ready',
  'Stalled',
  'Suspended',
  'StorageHealthy',
  'StoreUnreadable',
  'Succeeded',
  '200m',
  recipient,
  verificationKey,
];
const anyText = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(...texts) },
  { weight: 1, arbitrary: fc.string({ maxLength: 60, unit: 'grapheme' }) },
);

const textOf = (definition: Definition, schema: z.ZodType): fc.Arbitrary<string> => {
  if ((schema.meta() as { format?: string } | undefined)?.format === 'date-time') {
    return fc.constantFrom(...times);
  }
  const fits = anyText.filter((text) => schema.safeParse(text).success);
  const longest =
    definition.checks?.map(({ _zod: { def } }: Definition) => def.maximum).find((most: unknown) => typeof most === 'number') ?? 60;
  const long = fc.constant('x'.repeat(Math.min(longest, 1024))).filter((text) => schema.safeParse(text).success);
  const known = texts.some((text) => schema.safeParse(text).success);
  return known
    ? fc.oneof({ weight: 9, arbitrary: fits }, { weight: schema.safeParse('x'.repeat(longest)).success ? 1 : 0, arbitrary: long })
    : fc.constant(texts[0] ?? '');
};

// Lists that the API server keeps as maps or sets hold each key once; a rule sees to it that tiers do, too.
const keyOf = (schema: z.ZodType): ((value: unknown) => unknown) => {
  const [key] = (schema.meta()?.['x-kubernetes-list-map-keys'] ?? []) as string[];
  return (value) => (value as Record<string, unknown>)[key ?? 'name'] ?? JSON.stringify(value);
};

// Values that a schema takes, as far as can be told from its kind; `absurd`: now and then something else.
export const valuesOf = (schema: z.ZodType, absurd: boolean): fc.Arbitrary<unknown> => {
  const definition = definitionOf(schema);
  const inner = (each: z.ZodType): fc.Arbitrary<unknown> => valuesOf(each, absurd);
  const odd = (arbitrary: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
    absurd
      ? fc.oneof({ weight: 30, arbitrary }, { weight: 1, arbitrary: fc.constantFrom('', 'x'.repeat(5000), '\u0000', '💥', 'NaN') })
      : arbitrary;
  switch (definition.type) {
    case 'object': {
      const shape = Object.entries(definition.shape as Record<string, z.ZodType>);
      const needed = shape
        .filter(([, each]) => !['optional', 'default', 'prefault'].includes(definitionOf(each).type))
        .map(([name]) => name);
      // Names reach the status, which no API server would take with an absurd one.
      const field = ([name, each]: [string, z.ZodType]) => [name, valuesOf(each, absurd && name !== 'name')] as const;
      return fc.record(Object.fromEntries(shape.map(field)), { requiredKeys: needed });
    }
    case 'array':
      return fc.uniqueArray(inner(definition.element), { minLength: 1, maxLength: 4, selector: keyOf(schema) });
    case 'record':
      return fc.dictionary(anyText, inner(definition.valueType), { maxKeys: 3 });
    case 'optional':
    case 'default':
    case 'prefault':
    case 'nullable':
      return inner(definition.innerType);
    case 'enum':
      return fc.constantFrom(...Object.values(definition.entries));
    case 'union':
      return fc.oneof(...(definition.options as z.ZodType[]).map(inner));
    case 'boolean':
      return fc.boolean();
    case 'int':
    case 'number':
      return fc.oneof(fc.nat(20), fc.constantFrom(0, 1, 17, 2 ** 40)).filter((value) => absurd || schema.safeParse(value).success);
    case 'string':
      return odd(textOf(definition, schema));
    default:
      throw new Error(`Not known here: ${definition.type}`);
  }
};

// The API server fills in defaults, whatever else is wrong.
const filled = (schema: z.ZodType, value: unknown): unknown => {
  const definition = definitionOf(schema);
  switch (definition.type) {
    case 'default':
    case 'prefault':
    case 'optional':
      return value === undefined && definition.type === 'optional'
        ? undefined
        : filled(definition.innerType, value ?? definition.defaultValue);
    case 'array':
      return Array.isArray(value) ? value.map((each) => filled(definition.element, each)) : value;
    case 'object': {
      const given = value as Record<string, unknown>;
      const whole = Object.entries(definition.shape as Record<string, z.ZodType>).map(
        ([name, each]) => [name, filled(each, given[name])] as const,
      );
      return Object.fromEntries(whole.filter(([, each]) => each !== undefined));
    }
    default:
      return value;
  }
};

const parsed = <T>(schema: z.ZodType<T>, absurd: boolean): fc.Arbitrary<T> =>
  valuesOf(schema, absurd).map((value) => {
    const found = schema.safeParse(value);
    if (!found.success && !absurd) {
      throw new Error(`What was made is not valid: ${found.error.message} ${JSON.stringify(value)}`);
    }
    return found.success ? found.data : (filled(schema, value) as T);
  });

// Only what the operator reads back of itself may be absurd in a status: the API server refuses anything else.
export const policies = (absurd: boolean): fc.Arbitrary<BackupPolicy> =>
  fc
    .tuple(parsed(policySpecSchema, absurd), fc.option(parsed(policyStatusSchema, false), { nil: undefined }), fc.nat(3))
    .map(([spec, status, generation]) => {
      const policy = makePolicy({}, status);
      return { ...policy, metadata: { ...policy.metadata, generation: generation + 1 }, spec };
    });

export const backups = (absurd: boolean): fc.Arbitrary<Backup> =>
  fc
    .tuple(parsed(backupSpecSchema, absurd), fc.option(parsed(backupStatusSchema, false), { nil: undefined }), fc.boolean(), fc.boolean())
    .map(([spec, status, deleting, held]) => {
      const backup = makeBackup(status, {
        ...(deleting ? { deletionTimestamp: '2026-11-22T02:00:05Z' } : {}),
        ...(held ? { finalizers: ['holdfast.dev/jobs'] } : {}),
      });
      return { ...backup, spec: { ...spec, policyRef: { name: 'shop' } } };
    });
