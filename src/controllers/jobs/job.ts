// Builds the Job for a request. The one place where Jobs are made.
import type { V1Job } from '@kubernetes/client-node';
import type { AgentPlan } from '../../api/agent.ts';
import { annotation, apiVersion, label, managedByValue } from '../../api/group.ts';
import type { Backup, BackupPolicy, Restore } from '../../api/objects.ts';
import { deadlinesFor, wholeDeadline } from '../../core/jobs/deadlines.ts';
import type { DeadlineVerb } from '../../core/jobs/deadlines.ts';
import type { JobRequest, JobVerb } from '../../core/jobs/request.ts';
import { backupLabel } from '../hash.ts';
import { findComponent } from './find-in-policy.ts';
import { agentPlan, planBase } from './plan.ts';
import { togetherLabel } from './one-node.ts';
import { podSpec } from './pod.ts';
import type { PodParts } from './pod.ts';
import { recoverPlan } from './recover-plan.ts';
import { recoverMounts, recoverUser, serverBeside } from './recover-pod.ts';
import { userAnnotations } from './users.ts';
import { mountsFor } from './volumes.ts';

export type JobSettings = { agentImages: Map<number, string>; clusterId: string };

// An agent tries to say that it was late before Kubernetes stops it.
const stopSeconds = 60;

export const buildJob = (
  request: JobRequest,
  policy: BackupPolicy,
  owner: Backup | BackupPolicy | Restore,
  settings: JobSettings,
): V1Job => {
  const { plan, parts } = workOf(request, policy, owner, settings);
  const labels = labelsOf(request, policy, owner, parts);
  const annotations = userAnnotations(request.recover);
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
      template: {
        metadata: { labels, ...(annotations === undefined ? {} : { annotations }) },
        spec: podSpec(policy, request, plan, imageFor(request, policy, settings), parts),
      },
    },
  };
};

type Work = { plan: AgentPlan; parts: PodParts };

// What the agent is told, and what it sees.
const workOf = (request: JobRequest, policy: BackupPolicy, owner: Backup | BackupPolicy | Restore, settings: JobSettings): Work => {
  // The record of a Restore is written like any document of the policy.
  if (owner.kind !== 'Restore' || request.verb === 'audit') {
    return { plan: agentPlan(policy, request, settings.clusterId), parts: { mounted: mountsFor(policy, request) } };
  }
  const user = recoverUser(request);
  const node = request.recover?.node;
  return {
    plan: recoverPlan(policy, owner, request, planBase(policy, settings.clusterId)),
    parts: {
      mounted: recoverMounts(policy, owner, request),
      beside: serverBeside(policy, owner, request, imageFor(request, policy, settings)),
      ...(user === undefined ? {} : { user }),
      ...(node === undefined ? {} : { node }),
    },
  };
};

// What asks the store, or writes a line to it, has the time of an inspection.
const deadlineVerb = (verb: JobVerb): DeadlineVerb =>
  verb === 'check' || verb === 'logs' || verb === 'adopt' || verb === 'audit' ? 'inspect' : verb;

const labelsOf = (
  request: JobRequest,
  policy: BackupPolicy,
  owner: Backup | BackupPolicy | Restore,
  { mounted }: PodParts,
): Record<string, string> => {
  const { verb, attempt, component, tier, backup } = request;
  // A copy is the policy's, and is of a Backup all the same; a Log has no name in the store.
  const run = backup?.name ?? (owner.kind === 'Backup' ? owner.metadata.name : '');
  return {
    [label.managedBy]: managedByValue,
    [label.policy]: policy.metadata.name,
    [label.verb]: verb,
    [label.attempt]: String(attempt),
    [label.tier]: tier,
    ...togetherLabel(policy, mounted),
    ...(component === undefined ? {} : { [label.component]: component }),
    ...(backup === undefined ? {} : { [label.backupId]: backup.id }),
    ...(run === '' ? {} : { [label.backup]: backupLabel(run) }),
    ...(owner.kind === 'Restore' ? { [label.restore]: backupLabel(owner.metadata.name) } : {}),
  };
};

// A dump, a restore and a receiver use the image of the server's major version; the others need no PostgreSQL and take the newest.
export const imageFor = (request: JobRequest, policy: BackupPolicy, { agentImages }: JobSettings): string => {
  const newest = Math.max(...agentImages.keys());
  const major =
    request.dropSlot === undefined && (request.verb === 'dump' || request.verb === 'receive' || request.verb === 'recover')
      ? (findComponent(policy, request.component).postgresql?.version ?? newest)
      : newest;
  const image = agentImages.get(major);
  if (image === undefined) {
    throw new TypeError(`There is no agent image for PostgreSQL ${major}`);
  }
  return image;
};
