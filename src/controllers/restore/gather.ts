// Everything that a decision on one Restore looks at. What stands around its claims is read from the API server, and only where a decision needs it.
import { label } from '../../api/group.ts';
import type { BackupPolicy, Restore } from '../../api/objects.ts';
import type { RestoreStage } from '../../api/restore-status.ts';
import { stopsWorkloads, targetClaim, wantedComponents } from '../../core/restore/targets.ts';
import { restoreJobName } from '../../core/restore/observed.ts';
import type { RestoreObserved, TargetClaim } from '../../core/restore/observed.ts';
import { isRecordDone } from '../../core/restore/audit.ts';
import { inPlaceClaims, quiesceWish } from '../../core/restore/wish.ts';
import { hasEnded } from '../../core/restore/workloads/read.ts';
import { controllerOf } from '../../kube/object.ts';
import { persistentVolumeClaims } from '../../kube/resource.ts';
import { byPolicy } from '../caches.ts';
import type { Claim, Pod } from '../caches.ts';
import type { OperatorContext } from '../context.ts';
import { backupLabel, hash8 } from '../hash.ts';
import type { ReadOptions } from '../jobs/gather.ts';
import { readOwned } from '../jobs/owned.ts';
import { isNamespaceTerminating } from '../namespace.ts';
import { policyOf } from '../policy-of.ts';
import { restores } from '../resources.ts';
import { majorsOf } from '../settings.ts';
import { madeFor } from './claim.ts';
import { rivalsOf } from './rivals.ts';
import { readStopped, readWorkloads } from './workloads.ts';

type Told = NonNullable<ReadOptions['follow']>;

export const gatherRestore = async (context: OperatorContext, restore: Restore, told: Told): Promise<RestoreObserved> => {
  const ended = restore.status?.endTime !== undefined;
  const { namespace } = restore.metadata;
  const policy = await policyOf(context, { namespace, name: restore.spec.source.policyRef.name }, !ended);
  const undone = await undoneOf(context, restore);
  const workloads = await workloadsOf(context, restore, undone);
  const undoneBy = whoHasUndone(context, restore);
  return {
    now: context.now(),
    restore,
    ...(policy === undefined ? {} : { policy }),
    namespaceTerminating: await isNamespaceTerminating(context, restore),
    rivals: ended || restore.status?.stage !== undefined ? [] : rivalsOf(context, restore),
    jobs: await readOwned(context, restore, expectedJobs(restore), ended && isRecordDone(restore.status ?? {}) ? undefined : told),
    agents: agentsOf(context, restore),
    ...(undone === undefined ? {} : { undone }),
    ...(undoneBy === undefined ? {} : { undoneBy }),
    claims: await claimsOf(context, restore, policy, workloads),
    ...(workloads === undefined ? {} : { workloads }),
    agentMajors: majorsOf(context),
    hash: hash8,
  };
};

// The newest of it: what it has put aside is about to be used.
const undoneOf = async ({ client }: OperatorContext, { metadata, spec, status }: Restore): Promise<Restore | undefined> =>
  spec.source.restoreRef === undefined || status?.endTime !== undefined
    ? undefined
    : client.get<Restore>(restores, { namespace: metadata.namespace, name: spec.source.restoreRef.name });

const whoHasUndone = ({ caches }: OperatorContext, { metadata }: Restore): string | undefined =>
  caches
    .restoresIn(metadata.namespace)
    .find(({ spec, status }) => spec.source.restoreRef?.name === metadata.name && status?.phase === 'Complete')?.metadata.name;

// Of the Jobs that restore, undo or discard. The others write nothing to a volume.
const isWriter = (pod: Pod): boolean => /-[0-9a-f]{8}-(restore|undo|discard)-/.test(controllerOf(pod)?.name ?? '');

const agentsOf = ({ caches }: OperatorContext, { metadata, spec }: Restore): { pod: string; component: string }[] =>
  caches.pods.cache
    .find(byPolicy(metadata.namespace, spec.source.policyRef.name))
    .filter((pod) => pod.metadata?.labels?.[label.restore] === backupLabel(metadata.name) && isWriter(pod) && !hasEnded(pod))
    .map((pod) => ({ pod: pod.metadata?.name ?? '', component: pod.metadata?.labels?.[label.component] ?? '' }));

const jobWords: Partial<Record<RestoreStage, string>> = { Planning: 'plan', Restoring: 'restore', Checking: 'check', Undoing: 'undo' };

// Jobs that must be there by what the status says.
const expectedJobs = (restore: Restore): string[] => {
  const { status } = restore;
  const word = status?.stage === undefined ? undefined : jobWords[status.stage];
  if (status?.audit?.state === 'Writing') {
    return [restoreJobName({ restore, hash: hash8 }, 'audit', status.audit.attempt ?? 1)];
  }
  return word === undefined
    ? []
    : (status?.components ?? []).flatMap(({ name, outcome, attempt }) =>
        outcome === 'Running' ? [restoreJobName({ restore, hash: hash8 }, `${word}-${name}`, attempt ?? 1)] : [],
      );
};

// All that is left to plan is what has to stop.
const isPlanned = ({ stage, components = [] }: NonNullable<Restore['status']>): boolean =>
  stage === 'Planning' && components.every(({ outcome }) => outcome === 'Planned');

// Where something is stopped, started, or must stay stopped.
const stagesWithWorkloads: ReadonlySet<RestoreStage> = new Set([
  'Quiescing',
  'Restoring',
  'Resuming',
  'UndoQuiescing',
  'Undoing',
  'UndoResuming',
]);

const workloadsOf = async (
  context: OperatorContext,
  restore: Restore,
  undone: Restore | undefined,
): Promise<RestoreObserved['workloads']> => {
  const { status, metadata } = restore;
  const stage = status?.stage;
  const expired = isExpired(context, restore);
  const needed =
    status?.endTime !== undefined
      ? expired
      : stopsWorkloads(restore) && (stage === undefined || stagesWithWorkloads.has(stage) || isPlanned(status ?? {}));
  if (!needed) {
    return undefined;
  }
  const wish = quiesceWish({ restore, ...(undone === undefined ? {} : { undone }) });
  const where = { namespace: metadata.namespace, ...wish };
  return status?.quiesce === undefined
    ? readWorkloads(context.client, where)
    : readStopped(context.client, { ...where, recorded: status.quiesce.workloads });
};

const isExpired = ({ now }: OperatorContext, { status }: Restore): boolean =>
  status?.undo?.state === 'Available' && status.undo.until !== undefined && Date.parse(status.undo.until) <= now();

// Claims that are there. Asked for while a run goes on, and when what was put aside is removed.
const claimsOf = async (
  context: OperatorContext,
  restore: Restore,
  policy: BackupPolicy | undefined,
  workloads: RestoreObserved['workloads'],
): Promise<TargetClaim[]> => {
  if (policy === undefined || (restore.status?.endTime !== undefined && !isExpired(context, restore))) {
    return [];
  }
  const { namespace } = restore.metadata;
  const names = new Set([
    ...wantedComponents(restore, policy).flatMap((wanted) => targetClaim(restore, wanted) ?? []),
    ...inPlaceClaims({ restore }),
  ]);
  const found = await Promise.all([...names].map((name) => context.client.get<Claim>(persistentVolumeClaims, { namespace, name })));
  return found.flatMap((claim) => {
    const { name = '', uid = '' } = claim?.metadata ?? {};
    const owner = claim === undefined ? undefined : madeFor(claim);
    const node = workloads?.pods.find(({ claims }) => claims.includes(name))?.node;
    return claim === undefined
      ? []
      : [
          {
            name,
            uid,
            ...(owner === undefined ? {} : { madeFor: owner }),
            ...(node === undefined ? {} : { node }),
            ...(claim.status?.phase === 'Pending' ? { unbound: true } : {}),
            ...(claim.metadata?.deletionTimestamp === undefined ? {} : { leaving: true }),
          },
        ];
  });
};
