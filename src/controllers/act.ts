// Carries out what was decided. Every action may be repeated: names are deterministic, deletions name a uid.
import type { V1PersistentVolumeClaim } from '@kubernetes/client-node';
import type { RunType } from '../api/backup-type.ts';
import { annotation, apiVersion, finalizer, label, managedByValue, slotFinalizer } from '../api/group.ts';
import type { Backup, BackupPolicy, Restore } from '../api/objects.ts';
import type { Action, Decision, JobRequest } from '../core/jobs/request.ts';
import { claimName } from '../core/plan/names.ts';
import { hasReason } from '../kube/errors.ts';
import { isSame, mergePatch } from '../kube/merge-patch.ts';
import type { KubeObject } from '../kube/object.ts';
import { deployments, jobs, persistentVolumeClaims } from '../kube/resource.ts';
import type { Resource } from '../kube/resource.ts';
import type { Deployment, Job } from './caches.ts';
import type { OperatorContext } from './context.ts';
import { buildJob } from './jobs/job.ts';
import { buildReceiver } from './receivers/deployment.ts';
import { tell, tellOfChanges } from './tell.ts';
import { backupPolicies, backups, restores } from './resources.ts';
import { restoreClaim } from './restore/claim.ts';
import { scale } from './restore/scale.ts';

type Subject = Backup | BackupPolicy | Restore;

const resourceOf = ({ kind }: Subject): Resource => ({ Backup: backups, BackupPolicy: backupPolicies, Restore: restores })[kind];

const refOf = ({ metadata }: Subject): { namespace: string; name: string } => ({ namespace: metadata.namespace, name: metadata.name });

// Runs the actions, then writes the status once, if it differs, and only on the object that the decision saw.
export const act = async <S extends Subject>(
  context: OperatorContext,
  subject: S,
  policy: BackupPolicy | undefined,
  { actions, status }: Decision<NonNullable<S['status']>>,
): Promise<void> => {
  const resourceVersion = await actAll(context, subject, policy, actions);
  const change = mergePatch(subject.status, status);
  if (change === undefined) {
    return;
  }
  const options = { subresource: 'status', resourceVersion };
  const written = await whereThere(context.client.patch<S>(resourceOf(subject), refOf(subject), { status: change }, options));
  if (written !== undefined) {
    remember(context, written);
    logEnd(context, subject, written);
    tellOfChanges(context, subject, policy, status.conditions);
  }
};

// In their order; a finalizer is added meanwhile, so that a run does not wait for it before its first Job. Returns the version of the subject:
// finalizers change it, and nothing else of what the decision saw.
const actAll = async (context: OperatorContext, subject: Subject, policy: BackupPolicy | undefined, actions: Action[]): Promise<string> => {
  const inTurn = async (some: Action[]): Promise<(string | undefined)[]> => {
    const versions: (string | undefined)[] = [];
    for (const action of some) {
      context.log.info(describe(action), { [subject.kind]: `${subject.metadata.namespace}/${subject.metadata.name}`, ...detail(action) });
      versions.push(await actOne(context, subject, policy, action));
    }
    return versions;
  };
  const { holding = [], others = [] } = Object.groupBy(actions, ({ type }) => (type === 'addFinalizer' ? 'holding' : 'others'));
  // Where one of them fails, the other one ends first: nothing may still be written for a key that is tried again.
  const outcomes = await Promise.allSettled([inTurn(others), inTurn(holding)]);
  const versions = outcomes.flatMap((outcome) => {
    if (outcome.status === 'rejected') {
      throw outcome.reason;
    }
    return outcome.value.filter((version) => version !== undefined);
  });
  return versions.at(-1) ?? subject.metadata.resourceVersion;
};

// One line for each run that ends, however it ended: the log of the operator tells what mails do not.
const logEnd = ({ log }: OperatorContext, before: Subject, after: Subject): void => {
  if (before.kind === 'Backup' && after.kind === 'Backup' && before.status?.endTime === undefined && after.status?.endTime !== undefined) {
    const { phase, backupId, bytes, duration } = after.status;
    log.info('A Backup has ended', { Backup: `${after.metadata.namespace}/${after.metadata.name}`, phase, backupId, bytes, duration });
  }
  if (
    before.kind === 'Restore' &&
    after.kind === 'Restore' &&
    before.status?.endTime === undefined &&
    after.status?.endTime !== undefined
  ) {
    const { phase, duration, plan } = after.status;
    log.info('A Restore has ended', { Restore: `${after.metadata.namespace}/${after.metadata.name}`, phase, duration, plan: plan?.hash });
  }
};

// Undefined where the object is gone: nobody needs its status any more.
const whereThere = async <T>(writing: Promise<T>): Promise<T | undefined> => {
  try {
    return await writing;
  } catch (error) {
    if (hasReason(error, 'NotFound')) {
      return undefined;
    }
    throw error;
  }
};

// So that the next decision sees what this one did, however late the watch is.
const remember = ({ caches }: OperatorContext, written: Subject): void => {
  if (written.kind === 'Backup') {
    caches.backups.cache.remember(written);
  } else if (written.kind === 'Restore') {
    caches.restores.cache.remember(written);
  } else {
    caches.policies.cache.remember(written);
  }
};

const finalizerOf = ({ kind }: Subject): string => (kind === 'BackupPolicy' ? slotFinalizer : finalizer);

// Returns the version of the subject where the action has changed it.
const actOne = async (
  context: OperatorContext,
  subject: Subject,
  policy: BackupPolicy | undefined,
  action: Action,
): Promise<string | undefined> => {
  const { namespace } = subject.metadata;
  switch (action.type) {
    case 'createJob':
      await createJob(context, subject, policy, action.job);
      return undefined;
    case 'deleteJob':
      await context.client.delete(jobs, { namespace, name: action.name }, { uid: action.uid, propagation: 'Foreground' });
      return undefined;
    case 'addFinalizer':
      return changeFinalizers(context, subject, [...(subject.metadata.finalizers ?? []), finalizerOf(subject)]);
    case 'removeFinalizer':
      return changeFinalizers(
        context,
        subject,
        (subject.metadata.finalizers ?? []).filter((name) => name !== finalizerOf(subject)),
      );
    case 'createBackup':
      await createOnce(context, backups, scheduledBackup(subject as BackupPolicy, action));
      return undefined;
    case 'requestBackup':
      await createOnce(context, backups, requestedFull(subject as BackupPolicy, action));
      return undefined;
    case 'deleteBackup':
      await context.client.delete(backups, { namespace, name: action.name }, { uid: action.uid });
      return undefined;
    case 'tell':
      tell(context, subject, action);
      return undefined;
    case 'createClaim':
      await createOnce(context, persistentVolumeClaims, claim(subject as BackupPolicy, action.tier));
      return undefined;
    case 'createReceiver':
      await createReceiver(context, subject as BackupPolicy, action.component);
      return undefined;
    case 'deleteReceiver':
      await context.client.delete(deployments, { namespace, name: action.name }, { uid: action.uid });
      return undefined;
    case 'createRestoreClaim':
      await createOnce(context, persistentVolumeClaims, restoreClaim(subject as Restore, action));
      return undefined;
    case 'deleteClaim':
      await context.client.delete(persistentVolumeClaims, { namespace, name: action.name }, { uid: action.uid });
      return undefined;
    case 'scaleWorkload':
      await scale(context.client, namespace, action);
      return undefined;
  }
};

const createJob = async (
  context: OperatorContext,
  subject: Subject,
  policy: BackupPolicy | undefined,
  request: JobRequest,
): Promise<void> => {
  if (policy === undefined) {
    throw new TypeError(`Job ${request.name} has no policy`);
  }
  const built = buildJob(request, policy, request.owner === 'BackupPolicy' ? policy : subject, context);
  const made = await createOnce<Job>(context, jobs, built);
  if (made !== undefined) {
    context.caches.jobs.cache.remember(made);
  }
};

const createReceiver = async (context: OperatorContext, policy: BackupPolicy, component: string): Promise<void> => {
  const made = await createOnce<Deployment>(context, deployments, buildReceiver(policy, component, context));
  if (made !== undefined) {
    context.caches.deployments.cache.remember(made);
  }
};

// A name that is taken means that an earlier run of this decision was faster; where the namespace goes away nothing is needed any more.
// Returns what was made now.
const createOnce = async <T extends KubeObject>({ client }: OperatorContext, resource: Resource, object: T): Promise<T | undefined> => {
  try {
    return await client.create(resource, object);
  } catch (error) {
    if (hasReason(error, 'AlreadyExists') || hasReason(error, 'NamespaceTerminating')) {
      return undefined;
    }
    throw error;
  }
};

const changeFinalizers = async (context: OperatorContext, subject: Subject, finalizers: string[]): Promise<string | undefined> => {
  if (isSame(finalizers, subject.metadata.finalizers ?? [])) {
    return undefined;
  }
  const { resourceVersion } = subject.metadata;
  const change = { metadata: { finalizers } };
  const written = await whereThere(context.client.patch<Subject>(resourceOf(subject), refOf(subject), change, { resourceVersion }));
  // The last finalizer of an object that is being deleted: it is gone now.
  if (written !== undefined && written.metadata.deletionTimestamp === undefined) {
    remember(context, written);
  }
  return written?.metadata.resourceVersion;
};

// No owner reference: it outlives the policy.
const newBackup = ({ metadata }: BackupPolicy, name: string, type: RunType, annotations: Record<string, string>) => ({
  apiVersion,
  kind: 'Backup',
  metadata: { name, namespace: metadata.namespace, labels: { [label.policy]: metadata.name }, annotations },
  spec: { policyRef: { name: metadata.name }, type },
});

// Made by the schedule.
const scheduledBackup = (policy: BackupPolicy, { name, kind, slot, late }: Extract<Action, { type: 'createBackup' }>) =>
  newBackup(policy, name, kind, { [annotation.slot]: slot, ...(late ? { [annotation.late]: 'true' } : {}) });

// Made because something calls for it. It belongs to no slot.
const requestedFull = (policy: BackupPolicy, { name, because }: Extract<Action, { type: 'requestBackup' }>) =>
  newBackup(policy, name, 'Full', { [annotation.because]: because });

// Made for a tier with `size`. No owner: the data outlives the policy.
const claim = ({ metadata, spec }: BackupPolicy, tier: string): V1PersistentVolumeClaim & KubeObject => {
  const { size, storageClassName } = spec.tiers.find(({ name }) => name === tier)?.persistentVolumeClaim ?? {};
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      name: claimName(metadata.name, tier),
      namespace: metadata.namespace,
      labels: { [label.managedBy]: managedByValue, [label.policy]: metadata.name, [label.tier]: tier },
    },
    spec: {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: String(size) } },
      ...(storageClassName === undefined ? {} : { storageClassName }),
    },
  };
};

const describe = (action: Action): string =>
  ({
    createJob: 'Creating a Job',
    deleteJob: 'Deleting a Job',
    addFinalizer: 'Adding the finalizer',
    removeFinalizer: 'Removing the finalizer',
    createBackup: 'Creating a Backup',
    deleteBackup: 'Removing the resource of an old Backup; its data stays',
    createClaim: 'Creating a PersistentVolumeClaim',
    requestBackup: 'Asking for a Full backup',
    tell: 'A person should know',
    createReceiver: 'Creating the Deployment of a WAL receiver',
    deleteReceiver: 'Deleting the Deployment of a WAL receiver',
    createRestoreClaim: 'Creating a PersistentVolumeClaim for a Restore',
    deleteClaim: 'Deleting the PersistentVolumeClaim of a Restore that failed',
    scaleWorkload: 'Scaling a workload',
  })[action.type];

const detail = (action: Action): Record<string, string> => {
  switch (action.type) {
    case 'createJob':
      return { job: action.job.name };
    case 'deleteJob':
      return { job: action.name };
    case 'createBackup':
      return { backup: action.name, slot: action.slot };
    case 'requestBackup':
      return { backup: action.name, because: action.because };
    case 'deleteBackup':
      return { backup: action.name };
    case 'createClaim':
      return { tier: action.tier };
    case 'tell':
      return { reason: action.reason, text: action.message };
    case 'createReceiver':
      return { component: action.component };
    case 'deleteReceiver':
      return { deployment: action.name };
    case 'createRestoreClaim':
    case 'deleteClaim':
      return { claim: action.name };
    case 'scaleWorkload':
      return { workload: `${action.kind}/${action.name}`, replicas: String(action.to) };
    case 'addFinalizer':
    case 'removeFinalizer':
      return {};
  }
};
