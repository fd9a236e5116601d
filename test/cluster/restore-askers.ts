// Users with different rights, the Restores that they ask for, and what they are told.
import { type Loose, rightRestore, rightUndo } from '../api/right-inputs.ts';

export const namespace = 'holdfast-test-rights';

export type Rule = { apiGroups: string[]; resources: string[]; verbs: string[]; resourceNames?: string[] };

export const may = (verb: string, resource: string, ...resourceNames: string[]): Rule => ({
  apiGroups: [{ restores: 'holdfast.dev', 'deployments/scale': 'apps', 'statefulsets/scale': 'apps' }[resource] ?? ''],
  resources: [resource],
  verbs: [verb],
  ...(resourceNames.length === 0 ? {} : { resourceNames }),
});

const secrets = ['holdfast-identity', 'postgres-ca', 'postgres-superuser'];
const claim = 'data-stock-0';
const scaleAll = [may('patch', 'deployments/scale'), may('patch', 'statefulsets/scale')];

// What a Restore of every kind of target needs.
const everything = [
  may('get', 'secrets', ...secrets),
  may('create', 'persistentvolumeclaims'),
  may('delete', 'persistentvolumeclaims', claim),
  may('patch', 'deployments/scale', 'web'),
];
const without = (left: Rule, ...instead: Rule[]): Rule[] => [...everything.filter((rule) => rule !== left), ...instead];
const [reading, making, deleting, scaling] = everything as [Rule, Rule, Rule, Rule];

const withSpec = (change: (spec: Loose) => void): Loose => {
  const object = rightRestore('asked', namespace);
  change(object.spec);
  return object;
};
export const right = rightRestore('asked', namespace);
const ten = (what: string, count: number) => Array.from({ length: count }, (_, index) => `${what}-${index}`);
const servers = (count: number): Loose[] =>
  ten('login', count).map((name, index) => ({
    name: `server-${index}`,
    target: { server: { connection: { host: 'postgres', sslMode: 'require', credentialsSecretRef: { name } } } },
  }));
const claims = (count: number): Loose[] =>
  ten('data', count).map((claimName, index) => ({ name: `claim-${index}`, target: { inPlace: { claimName } } }));
const workloads = (count: number): Loose => ({ workloads: ten('web', count).map((name) => ({ kind: 'Deployment', name })) });

type Case = {
  // Name of the user, too.
  name: string;
  rights: Rule[];
  restore: Loose;
  // Absent: it is let through.
  refused?: RegExp;
};

export const cases: Case[] = [
  { name: 'nothing', rights: [], restore: right, refused: /"nothing" may not read the Secret "holdfast-identity" of the namespace/ },
  { name: 'everything', rights: everything, restore: right },
  { name: 'as-himself', rights: everything, restore: withSpec((spec) => (spec.requestedBy = 'as-himself')) },
  {
    name: 'as-another',
    rights: everything,
    restore: withSpec((spec) => (spec.requestedBy = 'somebody')),
    refused: /spec\.requestedBy says "somebody", but "as-another" asks: leave the field out/,
  },
  {
    name: 'operator',
    rights: [...everything, may('impersonate-requester', 'restores')],
    restore: withSpec((spec) => (spec.requestedBy = 'somebody')),
  },
  {
    name: 'unsure',
    rights: everything,
    restore: withSpec((spec) => (spec.confirmation = 'shop/shop')),
    refused: /spec\.confirmation says "shop\/shop".*write confirmation: holdfast-test-rights\/absent/,
  },
  ...secrets.map((missing) => ({
    name: `no-${missing}`,
    rights: without(reading, may('get', 'secrets', ...secrets.filter((name) => name !== missing))),
    restore: right,
    refused: new RegExp(`"no-${missing}" may not read the Secret "${missing}" of the namespace ${namespace}.*Grant get on it`),
  })),
  { name: 'all-secrets', rights: without(reading, may('get', 'secrets')), restore: right },
  {
    name: 'lists-secrets',
    rights: without(reading, may('list', 'secrets')),
    restore: right,
    refused: /"lists-secrets" may not read the Secret/,
  },
  {
    name: 'makes-no-claim',
    rights: without(making),
    restore: right,
    refused: /"makes-no-claim" may not create PersistentVolumeClaims in the namespace.*or let somebody create the Restore/,
  },
  {
    name: 'makes-no-claim-for-all',
    rights: [reading],
    restore: withSpec((spec) => delete spec.components && delete spec.quiesce),
    refused: /may not create PersistentVolumeClaims/,
  },
  {
    name: 'makes-no-claim-in-place',
    rights: without(making),
    restore: withSpec((spec) => spec.components.shift()),
  },
  {
    name: 'other-claim',
    rights: without(deleting, may('delete', 'persistentvolumeclaims', 'data-other-0')),
    restore: right,
    refused:
      /"other-claim" may not replace what the PersistentVolumeClaim "data-stock-0".*Grant delete on it, or update on it and patch on/,
  },
  {
    name: 'updates-only',
    rights: without(deleting, may('update', 'persistentvolumeclaims', claim)),
    restore: right,
    refused: /Grant delete/,
  },
  { name: 'scales-only', rights: without(deleting, ...scaleAll), restore: right, refused: /Grant delete/ },
  {
    name: 'updates-and-scales-one',
    rights: without(deleting, may('update', 'persistentvolumeclaims', claim), may('patch', 'statefulsets/scale', 'postgres')),
    restore: right,
    refused: /nor stop what uses it. Grant delete/,
  },
  { name: 'updates-and-scales', rights: without(deleting, may('update', 'persistentvolumeclaims', claim), ...scaleAll), restore: right },
  ...(['Skip', 'BestEffort'] as const).map((safetyBackup) => ({
    name: `updates-and-scales-${safetyBackup.toLowerCase()}`,
    rights: without(deleting, may('update', 'persistentvolumeclaims', claim), ...scaleAll),
    restore: withSpec((spec) => (spec.safetyBackup = safetyBackup)),
    refused: new RegExp(`Grant delete on it \\(with safetyBackup ${safetyBackup} its data may be lost`),
  })),
  { name: 'deletes-skip', rights: everything, restore: withSpec((spec) => (spec.safetyBackup = 'Skip')) },
  {
    name: 'scales-other',
    rights: without(scaling, may('patch', 'deployments/scale', 'other'), may('patch', 'statefulsets/scale', 'web')),
    restore: right,
    refused: /"scales-other" may not scale "web" of the namespace .* Grant patch on deployments\/scale of that name/,
  },
  { name: 'scales-all', rights: without(scaling, ...scaleAll), restore: right },
  {
    name: 'undoes-one',
    rights: everything,
    restore: rightUndo('asked', namespace),
    refused: /"undoes-one" may not delete PersistentVolumeClaims of the namespace .* An undo takes away what was written since/,
  },
  { name: 'undoes', rights: [may('delete', 'persistentvolumeclaims')], restore: rightUndo('asked', namespace) },
  {
    name: 'many-secrets',
    rights: [may('get', 'secrets', 'holdfast-identity', ...ten('login', 8))],
    restore: withSpec((spec) => Object.assign(spec, { components: servers(8), quiesce: undefined })),
    refused: /names 9 Secrets; the right to read single ones is looked up for 8 at most/,
  },
  {
    name: 'many-secrets-all',
    rights: [may('get', 'secrets')],
    restore: withSpec((spec) => Object.assign(spec, { components: servers(8), quiesce: undefined })),
  },
  {
    name: 'many-claims',
    rights: [may('get', 'secrets'), may('delete', 'persistentvolumeclaims', ...ten('data', 4))],
    restore: withSpec((spec) => Object.assign(spec, { components: claims(4), quiesce: undefined })),
    refused: /replaces what 4 claims hold; rights on single ones are looked up for 3 at most/,
  },
  {
    name: 'many-workloads',
    rights: without(scaling, may('patch', 'deployments/scale', ...ten('web', 6))),
    restore: withSpec((spec) => (spec.quiesce = workloads(6))),
    refused: /stops 6 workloads; rights on single ones are looked up for 5 at most/,
  },
  {
    // Every right asked for by name, as many as may be: this must fit into what an expression, and all of them, may cost.
    name: 'costly',
    rights: [
      may('get', 'secrets', 'holdfast-identity', ...ten('login', 7)),
      may('create', 'persistentvolumeclaims'),
      may('update', 'persistentvolumeclaims', ...ten('data', 3)),
      may('patch', 'deployments/scale'),
      may('patch', 'statefulsets/scale', 'none'),
      may('delete', 'persistentvolumeclaims', ...ten('data', 3)),
      may('impersonate-requester', 'restores'),
      may('patch', 'restores'),
    ],
    restore: withSpec((spec) =>
      Object.assign(spec, {
        components: [...servers(7), ...claims(3), { name: 'new' }],
        quiesce: workloads(5),
        requestedBy: 'somebody',
        approval: { planHash: '0123456789abcdef', approvedBy: 'somebody' },
      }),
    ),
  },
  {
    name: 'approves-at-once',
    rights: everything,
    restore: withSpec((spec) => (spec.approval = { planHash: '0123456789abcdef', approvedBy: 'approves-at-once' })),
    refused: /"approves-at-once" may not patch Restores of the namespace .*, which is the right to approve: leave spec\.approval out/,
  },
  {
    name: 'may-approve-at-once',
    rights: [...everything, may('patch', 'restores')],
    restore: withSpec((spec) => (spec.approval = { planHash: '0123456789abcdef', approvedBy: 'may-approve-at-once' })),
  },
  {
    name: 'approves-for-another',
    rights: [...everything, may('patch', 'restores')],
    restore: withSpec((spec) => (spec.approval = { planHash: '0123456789abcdef', approvedBy: 'somebody' })),
    refused: /spec\.approval\.approvedBy says "somebody", but "approves-for-another" approves: write the own name/,
  },
];
