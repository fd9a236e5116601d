// The pod of a Job: Pod Security `restricted`, no API token, nothing writable but memory and its tier.
import type { V1Container, V1EnvVar, V1PodSecurityContext, V1PodSpec, V1ResourceRequirements, V1Toleration } from '@kubernetes/client-node';
import { mountPath, planVariable } from '../../api/agent.ts';
import type { AgentPlan } from '../../api/agent.ts';
import type { BackupPolicy } from '../../api/objects.ts';
import { agentContainer } from '../../core/jobs/pod-waiting.ts';
import type { JobRequest } from '../../core/jobs/request.ts';
import { findTier } from './find-in-policy.ts';
import { memorySettings } from './memory-settings.ts';
import { togetherAffinity } from './one-node.ts';
import type { Mounted } from './secret-volume.ts';

// User and group of the agents.
export const agentId = 65_532;
// An agent ends its uploads and keeps its log within 30 seconds of SIGTERM. A namespace that goes away waits half of this and looks again:
// twice that is less than a minute.
const graceSeconds = 45;
const defaultRequests = { cpu: '100m', memory: '128Mi' };
const defaultLimits = { memory: '512Mi' };

// A Job has the identity of the tier that it writes.
const serviceAccount = (policy: BackupPolicy, { tier }: JobRequest): string =>
  findTier(policy, tier).serviceAccountName ?? policy.spec.jobs.serviceAccountName;

// Where requests are set, a default limit might lie below them.
const resources = ({ spec }: BackupPolicy): V1ResourceRequirements => {
  const { requests, limits } = spec.jobs.resources ?? {};
  const wanted = limits ?? (requests === undefined ? defaultLimits : undefined);
  return { requests: quantities(requests ?? defaultRequests), ...(wanted === undefined ? {} : { limits: quantities(wanted) }) };
};

const quantities = (given: Record<string, string | number>): Record<string, string> =>
  Object.fromEntries(Object.entries(given).map(([name, amount]) => [name, String(amount)]));

// Kubernetes leaves pods on a lost node for five minutes. A run that goes on elsewhere sooner loses less.
const lostNodeSeconds = 60;
const lostNodeKeys = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'];

// What the policy says of a taint, it says instead of us.
const tolerations = ({ spec }: BackupPolicy): V1Toleration[] => {
  const given = (spec.jobs.tolerations ?? []) as V1Toleration[];
  const ours = lostNodeKeys.filter((key) => !given.some((each) => each.key === key || each.key === undefined));
  return [...given, ...ours.map((key) => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: lostNodeSeconds }))];
};

const environment = (values: Record<string, string>): V1EnvVar[] => Object.entries(values).map(([name, value]) => ({ name, value }));

// What differs in a Job of a Restore: its mounts, who runs it, the server beside it, and where it must run.
export type PodParts = { mounted: Mounted[]; user?: PodUser; beside?: V1Container[]; node?: string };
export type PodUser = Pick<V1PodSecurityContext, 'runAsUser' | 'runAsGroup' | 'fsGroup' | 'supplementalGroups'>;

export const podSpec = (
  policy: BackupPolicy,
  request: JobRequest,
  plan: AgentPlan,
  image: string,
  { mounted, user, beside = [], node }: PodParts,
): V1PodSpec => {
  const { nodeSelector, imagePullSecrets } = policy.spec.jobs;
  return {
    restartPolicy: request.receive?.mode === 'Continuous' ? 'Always' : 'Never',
    serviceAccountName: serviceAccount(policy, request),
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: graceSeconds,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: agentId,
      runAsGroup: agentId,
      fsGroup: agentId,
      ...user,
      fsGroupChangePolicy: 'OnRootMismatch',
      seccompProfile: { type: 'RuntimeDefault' },
    },
    ...(beside.length === 0 ? {} : { initContainers: beside }),
    containers: [
      {
        name: agentContainer,
        image,
        imagePullPolicy: 'IfNotPresent',
        env: environment({ [planVariable]: JSON.stringify(plan), ...memorySettings(plan) }),
        resources: resources(policy),
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        },
        terminationMessagePath: mountPath.terminationLog,
        terminationMessagePolicy: 'File',
        volumeMounts: mounted.map(({ mount }) => mount),
      },
    ],
    volumes: mounted.map(({ volume }) => volume),
    ...(nodeSelector === undefined && node === undefined
      ? {}
      : { nodeSelector: { ...nodeSelector, ...(node === undefined ? {} : { 'kubernetes.io/hostname': node }) } }),
    tolerations: tolerations(policy),
    ...togetherAffinity(policy, mounted),
    ...(imagePullSecrets === undefined ? {} : { imagePullSecrets }),
  };
};
