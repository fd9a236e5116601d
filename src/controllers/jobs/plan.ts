// The plan of an agent: the policy with its Secrets replaced by the paths where they are mounted.
import { mountPath } from '../../api/agent.ts';
import type { AgentPlan, BackupIdentity, IncrementPlan, InspectPlan, VerificationPlan } from '../../api/agent.ts';
import type { BackupPolicy } from '../../api/objects.ts';
import type { Component } from '../../api/policy.ts';
import { verificationIntervalMilliseconds } from '../../core/plan/rotation.ts';
import { deadlinesFor } from '../../core/jobs/deadlines.ts';
import type { JobRequest } from '../../core/jobs/request.ts';
import { readsOf } from '../../core/policy/reads.ts';
import { dropPlan } from './drop-plan.ts';
import { findComponent, findTier, primaryOf } from './find-in-policy.ts';
import { postgresqlSource, tierPlan } from './plan-parts.ts';
import { receivePlan } from './receive-plan.ts';

// What every plan says.
export const planBase = ({ metadata, spec }: BackupPolicy, clusterId: string) => ({
  policy: { namespace: metadata.namespace, name: metadata.name },
  clusterId,
  verificationKeys: spec.encryption.verificationKeys,
});

// Builds the plan of one Job, but those of a Restore.
export const agentPlan = (policy: BackupPolicy, request: JobRequest, clusterId: string): AgentPlan => {
  const { encryption } = policy.spec;
  const base = planBase(policy, clusterId);
  const tier = tierPlan(policy, findTier(policy, request.tier));
  switch (request.verb) {
    case 'dump': {
      const component = findComponent(policy, request.component);
      const postgresql = postgresqlSource(component);
      return {
        ...base,
        verb: 'dump',
        backup: identity(request),
        component: component.name,
        attempt: request.attempt,
        tier,
        recipients: encryption.recipients,
        signingKeyFile: mountPath.signingKey,
        deadlineSeconds: deadlinesFor(policy, 'dump').runMilliseconds / 1000,
        ...(encryption.stateIdentitySecretRef === undefined ? {} : { stateRecipientFile: mountPath.stateRecipient }),
        ...incrementPlan(component, request),
        ...(request.predictedBytes === undefined ? {} : { predictedBytes: request.predictedBytes }),
        ...(postgresql === undefined ? {} : { postgresql }),
      };
    }
    case 'seal':
      return {
        ...base,
        verb: 'seal',
        backup: identity(request),
        tier,
        signingKeyFile: mountPath.signingKey,
        components: request.components ?? [],
        failed: request.failed ?? [],
      };
    case 'copy':
      return { ...base, verb: 'copy', backup: identity(request), from: tierPlan(policy, primaryOf(policy)), to: tier };
    case 'check':
      return { ...base, verb: 'inspect', tier, ...readsPlan(policy), backupId: identity(request).id };
    case 'logs':
      return { ...base, verb: 'inspect', tier, logsOf: identity(request).id };
    case 'adopt':
      return {
        ...base,
        verb: 'adopt',
        tiers: policy.spec.tiers.map((each) => tierPlan(policy, each)),
        signingKeyFile: mountPath.signingKey,
      };
    case 'audit': {
      const { record } = request;
      if (record === undefined) {
        throw new TypeError(`Job ${request.name} has nothing to write down`);
      }
      return { ...base, verb: 'audit', attempt: request.attempt, tier, signingKeyFile: mountPath.signingKey, record };
    }
    case 'receive':
      return request.dropSlot === undefined ? receivePlan(policy, request, base) : dropPlan(request, request.dropSlot, base);
    case 'recover':
      throw new TypeError(`What ${request.name} does, its Restore says`);
    case 'inspect':
      return { ...base, verb: 'inspect', tier, ...readsPlan(policy), verification: verificationPlan(policy, request.tier) };
  }
};

const readsPlan = (policy: BackupPolicy): Pick<InspectPlan, 'reads'> => {
  const reads = readsOf(policy);
  return reads === undefined ? {} : { reads };
};

const incrementPlan = ({ postgresql }: Component, { parent }: JobRequest): { increment?: IncrementPlan } =>
  parent === undefined
    ? {}
    : {
        increment: {
          parentId: parent,
          stateIdentityFile: mountPath.stateIdentity,
          required: postgresql?.physical.incremental === 'Required',
        },
      };

// What a bucket sends out is paid for, so less of it is read at a time. A third of the deadline leaves room for the catalogue.
const volumeShareBytes = 1024 ** 3;
const bucketShareBytes = 256 * 1024 ** 2;

const verificationPlan = (policy: BackupPolicy, tier: string): VerificationPlan => ({
  signingKeyFile: mountPath.signingKey,
  mostBytes: findTier(policy, tier).s3 === undefined ? volumeShareBytes : bucketShareBytes,
  mostSeconds: Math.floor(deadlinesFor(policy, 'inspect').runMilliseconds / 3000),
  intervalSeconds: verificationIntervalMilliseconds / 1000,
  readBack: primaryOf(policy).name === tier,
});

const identity = ({ name, backup }: JobRequest): BackupIdentity => {
  if (backup === undefined) {
    throw new TypeError(`Job ${name} works for no backup`);
  }
  return { id: backup.id, type: backup.type, slot: backup.slot };
};
