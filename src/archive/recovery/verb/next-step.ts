// What a refusal tells to do next, in the words of a Restore: which field of another one would work.
import { restoreReasons } from '../../../api/restore-reasons.ts';
import type { RefusalCode, Remedy } from '../../../core/recovery/refusal.ts';

type Field = (value: string | true | undefined) => string | undefined;

const field =
  (name: string): Field =>
  (value) =>
    value === undefined ? `take ${name} away` : `write ${name}: ${value}`;

// By the option of the offline command. Undefined: there is no such field.
export const fieldsOfOptions: Record<string, Field> = {
  backup: field('source.backup'),
  base: field('source.backup'),
  latest: field('source.latest'),
  'to-time': field('pointInTime.time'),
  'to-lsn': field('pointInTime.lsn'),
  'to-name': field('pointInTime.name'),
  timeline: field('pointInTime.timeline'),
  component: field('components[].name'),
  database: field('target.server.databases'),
  into: (value) => (value === undefined ? 'take target.server away' : 'name another server in target.server.connection'),
  add: field('target.server.add'),
  to: () => 'name another path or claim in target.volume',
  identity: () => 'put the identity that opens it into the Secret of source.identitySecretRef',
  'postgresql-bin': () => undefined,
};

export const nextStepOf = (code: RefusalCode, { options = {}, act }: Remedy): string => {
  const fields = Object.entries(options).flatMap(([name, value]) => fieldsOfOptions[name]?.(value) ?? []);
  if (fields.length > 0) {
    return `In another Restore, ${fields.join(', and ')}.`;
  }
  // What speaks of the command line says nothing here.
  return act === undefined || /--|\bcommand\b|this machine|kubectl holdfast list/.test(act) ? reasonOf(code) : act;
};

const reasonOf = (code: RefusalCode): string =>
  code in restoreReasons ? restoreReasons[code as keyof typeof restoreReasons].remedy : 'Mend what the message names, in another Restore.';
