// Builds the Job for a request. The one place where Jobs are made.
import type { V1Job } from '@kubernetes/client-node';
import { annotation, apiVersion, label, managedByValue } from '../../api/group.ts';
import type { Backup, BackupPolicy } from '../../api/objects.ts';
import { deadlinesFor, wholeDeadline } from '../../core/jobs/deadlines.ts';
import type { DeadlineVerb } from '../../core/jobs/deadlines.ts';
import type { JobRequest, JobVerb } from '../../core/jobs/request.ts';
import { backupLabel } from '../hash.ts';
import { findComponent } from './find-in-policy.ts';
import { agentPlan } from './plan.ts';
import { togetherLabel } from './one-node.ts';
import { podSpec } from './pod.ts';

export type JobSettings = { agentImages: Map<number, string>; clusterId: string };

// An agent tries to say that it was late before Kubernetes stops it.
const stopSeconds = 60;

export const buildJob = (request: JobRequest, policy: BackupPolicy, owner: Backup | BackupPolicy, settings: JobSettings): V1Job => {
  const labels = labelsOf(request, policy, owner);
  const plan = agentPlan(policy, request, settings.clusterId);
  const { kind, metadata } = owner;
  // What blocks a deletion in the foreground is deleted first. This Job has its work to do then.
  const blockOwnerDeletion = request.dropSlot === undefined;
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: request.name,
      namespace: policy.metadata.namespace,
      labels,
      annotations: { [annotation.owner]: `${kind}/${metadata.name}/${metadata.uid}` },
      ownerReferences: [{ apiVersion, kind, name: metadata.name, uid: metadata.uid, controller: true, blockOwnerDeletion }],
    },
    spec: {
      backoffLimit: 0,
      podReplacementPolicy: 'Failed',
      activeDeadlineSeconds: Math.ceil(wholeDeadline(deadlinesFor(policy, deadlineVerb(request.verb))) / 1000) + stopSeconds,
      template: { metadata: { labels }, spec: podSpec(policy, request, plan, imageFor(request, policy, settings)) },
    },
  };
};

const deadlineVerb = (verb: JobVerb): DeadlineVerb => (verb === 'check' || verb === 'logs' || verb === 'adopt' ? 'inspect' : verb);

const labelsOf = (request: JobRequest, policy: BackupPolicy, owner: Backup | BackupPolicy): Record<string, string> => {
  const { verb, attempt, component, tier, backup } = request;
  // A copy is the policy's, and is of a Backup all the same; a Log has no name in the store.
  const run = backup?.name ?? (owner.kind === 'Backup' ? owner.metadata.name : '');
  return {
    [label.managedBy]: managedByValue,
    [label.policy]: policy.metadata.name,
    [label.verb]: verb,
    [label.attempt]: String(attempt),
    [label.tier]: tier,
    ...togetherLabel(policy, request),
    ...(component === undefined ? {} : { [label.component]: component }),
    ...(backup === undefined ? {} : { [label.backupId]: backup.id }),
    ...(run === '' ? {} : { [label.backup]: backupLabel(run) }),
  };
};

// A dump and a receiver use the image of the server's major version; the others need no PostgreSQL and take the newest.
export const imageFor = (request: JobRequest, policy: BackupPolicy, { agentImages }: JobSettings): string => {
  const newest = Math.max(...agentImages.keys());
  const major =
    request.dropSlot === undefined && (request.verb === 'dump' || request.verb === 'receive')
      ? (findComponent(policy, request.component).postgresql?.version ?? newest)
      : newest;
  const image = agentImages.get(major);
  if (image === undefined) {
    throw new TypeError(`There is no agent image for PostgreSQL ${major}`);
  }
  return image;
};
