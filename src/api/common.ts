// Building blocks that several schemas share. Every string and list is bounded, so that CEL's cost estimate passes.
import { z } from 'zod';
import { labelPattern } from './label-pattern.ts';

// A CEL rule of a CRD: the API server refuses the object with `message` where `rule` is false.
export type CelRule = { rule: string; message: string; fieldPath?: string; reason?: string };

export const rulesKey = 'x-kubernetes-validations';

// Adds CEL rules to a schema; they reach the CRD verbatim.
export const withRules = <T extends z.ZodType>(schema: T, rules: CelRule[]): T => {
  const meta = schema.meta() ?? {};
  const before = (meta[rulesKey] as CelRule[] | undefined) ?? [];
  return schema.meta({ ...meta, [rulesKey]: [...before, ...rules] });
};

// A string of one form. zod checks the pattern; the CRD has it as a CEL rule with a message of ours, because "should match '^…$'" helps nobody.
// The API server repeats the value. Where it may be a secret, `unless` (CEL) lets it pass here, and a rule on the object around it refuses it.
export const formatted = (max: number, pattern: RegExp, message: string, unless?: string) => {
  const matches = `self.matches(${JSON.stringify(pattern.source)})`;
  return withRules(z.string().max(max).regex(pattern, message), [
    { rule: unless === undefined ? matches : `${unless} || ${matches}`, message },
  ]);
};

// Marks a list as a map keyed by fields, so that server-side apply merges item by item.
export const mapList = <T extends z.ZodType>(schema: T, keys: string[]): T =>
  schema.meta({ ...schema.meta(), 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': keys });

// Marks a list whose items are unique values.
export const setList = <T extends z.ZodType>(schema: T): T => schema.meta({ ...schema.meta(), 'x-kubernetes-list-type': 'set' });

// An RFC 1123 label of at most `max` characters.
export const labelName = (max: number) =>
  formatted(max, labelPattern, 'use lower-case letters, digits and "-", with a letter or digit at both ends, such as "shop-db"');

// The name of another object in the same namespace.
export const objectName = () =>
  formatted(
    253,
    /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
    'write the plain name of an object in the same namespace: lower-case letters, digits, "-" and "."; no namespace, no "/"',
  );

export const secretKey = () =>
  formatted(253, /^[-._a-zA-Z0-9]+$/, 'write the name of one key of the Secret: letters, digits, "-", "_" and "."');

export const secretRef = (what: string) =>
  z.object({ name: objectName().describe('Name of the Secret, in the namespace of the policy.') }).describe(what);

export const secretKeyRef = (what: string, defaultKey: string) =>
  z
    .object({
      name: objectName().describe('Name of the Secret, in the namespace of the policy.'),
      key: secretKey().default(defaultKey).describe('Key in the Secret.'),
    })
    .describe(what);

// A duration such as `30s`, `90m`, `4h`, `7d`, or joined as `1h30m`.
export const durationPattern = /^([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?$/;
export const duration = () =>
  withRules(formatted(20, durationPattern, 'write a duration such as 30s, 90m, 4h, 7d or 1h30m: whole numbers, larger units first'), [
    { rule: "self.matches('[1-9]')", message: 'a duration must be longer than zero, such as 30s' },
  ]);

// An instant as Kubernetes writes it.
export const time = () => z.string().max(40).meta({ format: 'date-time' });

export const count = () => z.int().min(0);

export const quantityPattern = /^[0-9]+(\.[0-9]+)?(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$/;
const quantityMessage = 'write a quantity such as 500Mi, 10Gi or 2: a number and m, k, M, G, T, P, E, Ki, Mi, Gi, Ti, Pi or Ei';

// A size of a volume, such as `10Gi`.
export const size = () =>
  withRules(formatted(32, quantityPattern, quantityMessage), [
    { rule: "self.matches('[1-9]') && !self.endsWith('m')", message: 'a size must be more than zero bytes, such as 10Gi' },
  ]);

// A quantity as Kubernetes takes it everywhere: `500m`, `2Gi`, or a plain number.
export const quantity = () =>
  withRules(
    z.union([z.int().min(0), z.string().max(32).regex(quantityPattern, quantityMessage)]).meta({
      'x-kubernetes-int-or-string': true,
      maxLength: 32,
    }),
    [{ rule: `type(self) == int ? self >= 0 : self.matches(${JSON.stringify(quantityPattern.source)})`, message: quantityMessage }],
  );
