// The operator, its leader, the CRDs and the rules of admission.
import type { z } from 'zod';
import { backupSpecSchema, backupStatusSchema } from '../../../api/backup.ts';
import { policySpecSchema, policyStatusSchema } from '../../../api/policy.ts';
import { restoreStatusSchema } from '../../../api/restore-status.ts';
import { restoreSpecSchema } from '../../../api/restore.ts';
import { instantOf } from '../../../core/plan/time.ts';
import { distanceText } from '../../common/figures.ts';
import { ok, problem, unread } from '../finding.ts';
import type { Finding } from '../finding.ts';
import type { Installation, Loose, Operators } from '../read.ts';

export const checkInstallation = (installation: Installation, now: number): Finding[] => [
  ...checkOperator(installation, now),
  definitionsFit(installation),
  admissionGuards(installation),
];

// Whether anybody works at all.
export const checkOperator = (operators: Operators, now: number): Finding[] => [operatorRuns(operators), leaderLives(operators, now)];

const operatorRuns = ({ operators }: Operators): Finding => {
  const check = 'operator';
  if ('failure' in operators) {
    return unread(check, operators.failure);
  }
  const [first] = operators.value;
  if (first === undefined) {
    return problem(
      check,
      'No operator of Holdfast is installed: nothing is backed up by itself.',
      'helm install holdfast charts/holdfast --namespace holdfast-system --create-namespace --values <yours>',
    );
  }
  const { name = '', namespace = '' } = first.metadata ?? {};
  const ready = first.status?.readyReplicas ?? 0;
  const wanted = first.spec?.replicas ?? 1;
  return ready > 0 && operators.value.length === 1
    ? ok(check, `${namespace}/${name}: ${ready} of ${wanted} replicas ready.`)
    : operators.value.length > 1
      ? problem(
          check,
          `${operators.value.length} operators are installed: they work against one another.`,
          'kubectl get deployments -A -l app.kubernetes.io/name=holdfast, and uninstall all but one',
        )
      : problem(
          check,
          `${namespace}/${name}: none of ${wanted} replicas is ready.`,
          `kubectl describe pods -n ${namespace} -l app.kubernetes.io/name=holdfast`,
        );
};

// Twice its own duration: then nobody holds it.
const leaderLives = ({ operators, leases }: Operators, now: number): Finding => {
  const check = 'leader';
  if ('failure' in leases) {
    return unread(check, leases.failure);
  }
  if ('failure' in operators) {
    return unread(check, operators.failure);
  }
  const { namespace = 'holdfast-system' } = operators.value[0]?.metadata ?? {};
  const next = `kubectl logs -n ${namespace} -l app.kubernetes.io/name=holdfast --tail=50`;
  const [lease] = leases.value;
  if (lease === undefined) {
    // One replica needs none.
    const single =
      operators.value.length === 1 &&
      (operators.value[0]?.spec?.replicas ?? 1) <= 1 &&
      (operators.value[0]?.status?.readyReplicas ?? 0) > 0;
    return single
      ? ok(check, 'One replica works alone, without a Lease.')
      : problem(check, 'There is no Lease: no replica of the operator works.', next);
  }
  const { holderIdentity, renewTime, leaseDurationSeconds } = lease.spec ?? {};
  const age = now - (instantOf(renewTime ?? undefined) ?? 0);
  const holder = holderIdentity ?? '';
  if (holder === '' || age > 2 * (leaseDurationSeconds ?? 25) * 1000) {
    const held = holder === '' ? 'Nobody holds' : `${holder} holds`;
    return problem(check, `${held} the Lease, which was renewed ${distanceText(renewTime ?? undefined, now)}: no replica works.`, next);
  }
  return ok(check, `${holder} holds the Lease, renewed ${distanceText(renewTime ?? undefined, now)}.`);
};

// Fields of an object, such as `spec.tiers[].name`, in a zod schema and in that of a CRD.
const fieldsOfZod = (schema: z.ZodType, path: string): string[] => {
  const definition = schema.def as Loose;
  switch (definition.type) {
    case 'object':
      return Object.entries(definition.shape as Record<string, z.ZodType>).flatMap(([name, inner]) =>
        fieldsOfZod(inner, `${path}.${name}`),
      );
    case 'array':
      return fieldsOfZod(definition.element, `${path}[]`);
    case 'optional':
    case 'default':
    case 'prefault':
      return fieldsOfZod(definition.innerType, path);
    default:
      return [path];
  }
};
const fieldsOfDefinition = (schema: Loose, path: string): string[] => {
  if (schema?.properties !== undefined) {
    return Object.entries(schema.properties).flatMap(([name, inner]) => fieldsOfDefinition(inner, `${path}.${name}`));
  }
  return schema?.items === undefined ? [path] : fieldsOfDefinition(schema.items, `${path}[]`);
};

const ours: Record<string, string[]> = {
  BackupPolicy: [...fieldsOfZod(policySpecSchema, 'spec'), ...fieldsOfZod(policyStatusSchema, 'status')],
  Backup: [...fieldsOfZod(backupSpecSchema, 'spec'), ...fieldsOfZod(backupStatusSchema, 'status')],
  Restore: [...fieldsOfZod(restoreSpecSchema, 'spec'), ...fieldsOfZod(restoreStatusSchema, 'status')],
};

const definitionsFit = ({ definitions }: Installation): Finding => {
  const check = 'CRDs';
  if ('failure' in definitions) {
    return unread(check, definitions.failure);
  }
  const theirs = Object.fromEntries(
    definitions.value.map((crd) => {
      const { properties } = crd.spec?.versions?.[0]?.schema?.openAPIV3Schema ?? {};
      return [
        crd.spec?.names?.kind,
        [...fieldsOfDefinition(properties?.spec, 'spec'), ...fieldsOfDefinition(properties?.status, 'status')],
      ];
    }),
  );
  const absent = Object.keys(ours).filter((kind) => theirs[kind] === undefined);
  if (absent.length > 0) {
    return problem(check, `The cluster does not know ${absent.join(' and ')}.`, 'Install the chart: it brings the CRDs.');
  }
  const differ = (a: Record<string, string[]>, b: Record<string, string[]>): string[] =>
    Object.keys(ours).flatMap((kind) =>
      (a[kind] ?? []).filter((field) => b[kind]?.includes(field) !== true).map((field) => `${kind} ${field}`),
    );
  const [older] = differ(ours, theirs);
  const [newer] = differ(theirs, ours);
  if (older !== undefined) {
    return problem(
      check,
      `The CRDs of the cluster are older than this plugin: they lack ${older}.`,
      'helm upgrade holdfast charts/holdfast, of the release of this plugin',
    );
  }
  return newer === undefined
    ? ok(check, 'They fit this plugin.')
    : problem(
        check,
        `The CRDs of the cluster are newer than this plugin: it does not know ${newer}.`,
        'Take the plugin of the release that is installed.',
      );
};

// What follows where one of them is missing.
const guards: Record<string, string> = {
  backups: 'anybody who starts a backup can write that somebody else has asked for it',
  policies: 'who may write a policy can have any Secret of the namespace used',
  restores: 'who may write a Restore can have any volume of the namespace replaced',
};

const admissionGuards = ({ bindings }: Installation): Finding => {
  const check = 'admission';
  if ('failure' in bindings) {
    return unread(check, bindings.failure);
  }
  const missing = Object.keys(guards).filter(
    (what) => !bindings.value.some(({ metadata, spec }) => metadata.name.endsWith(`-${what}`) && spec?.validationActions?.includes('Deny')),
  );
  return missing.length === 0
    ? ok(check, 'Who may not read a Secret, or replace data, cannot have Holdfast do it.')
    : problem(
        check,
        `The admission policy for ${missing.join(' and ')} is not in force: ${missing.map((what) => guards[what]).join('; ')}.`,
        'helm upgrade with admission.enabled=true',
      );
};
