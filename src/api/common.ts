// Building blocks that several schemas share. Every string and list is bounded, so that CEL's cost estimate passes.
import { z } from 'zod';

// A CEL rule of a CRD: the API server refuses the object with `message` where `rule` is false.
export type CelRule = { rule: string; message: string; fieldPath?: string; reason?: string };

// Puts CEL rules on a schema; they reach the CRD verbatim.
export const withRules = <T extends z.ZodType>(schema: T, rules: CelRule[]): T =>
  schema.meta({ ...schema.meta(), 'x-kubernetes-validations': rules });

// Marks a list as a map keyed by fields, so that server-side apply merges item by item.
export const mapList = <T extends z.ZodType>(schema: T, keys: string[]): T =>
  schema.meta({ ...schema.meta(), 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': keys });

// Marks a list whose items are unique values.
export const setList = <T extends z.ZodType>(schema: T): T => schema.meta({ ...schema.meta(), 'x-kubernetes-list-type': 'set' });

// An RFC 1123 label of at most `max` characters.
export const labelName = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/);

// The name of another object in the same namespace.
export const objectName = () =>
  z
    .string()
    .min(1)
    .max(253)
    .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/);

export const secretKey = () =>
  z
    .string()
    .min(1)
    .max(253)
    .regex(/^[-._a-zA-Z0-9]+$/);

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
export const duration = () => z.string().min(2).max(20).regex(durationPattern);

// An instant as Kubernetes writes it.
export const time = () => z.string().max(40).meta({ format: 'date-time' });

export const count = () => z.int().min(0);

// A quantity such as `500Mi` or `2`.
export const quantity = () =>
  z
    .string()
    .min(1)
    .max(32)
    .regex(/^[0-9]+(\.[0-9]+)?(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$/);
