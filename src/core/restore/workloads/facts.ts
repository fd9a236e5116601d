// What decisions know of the workloads of a namespace, and of the pods that have a claim mounted.
import type { RestoreSpec } from '../../../api/restore.ts';
import type { QuiescedWorkload } from '../../../api/restore-status.ts';

export type WorkloadRef = NonNullable<RestoreSpec['quiesce']>['workloads'][number];
export type WorkloadKind = WorkloadRef['kind'];

export type Autoscaler = {
  name: string;
  // Who has made it, such as ScaledObject web.
  controlledBy?: { kind: string; name: string };
};

// Something else that keeps the workload as it is written elsewhere, and how to pause that.
export type GitOps = { tool: string; pause: string };

// How the pods of a workload use one claim.
export type ClaimUse = {
  claim: string;
  // The data directory within the claim, and whose its files are. Absent: `unclear` says why nobody can tell.
  path?: string;
  runAs?: { user: number; group: number };
  unclear: string[];
};

export type WorkloadFacts = WorkloadRef & {
  uid: string;
  // How many it shall have.
  replicas: number;
  deleting: boolean;
  // Who has set its replicas last, where the server tells.
  scaledBy?: string;
  // Who has made it, and would change it back.
  controlledBy?: { kind: string; name: string };
  autoscalers: Autoscaler[];
  // It deletes its claims when it is scaled down.
  deletesClaims: boolean;
  gitOps: GitOps[];
  // Of the claims that matter.
  uses: ClaimUse[];
};

export type PodFacts = {
  name: string;
  uid: string;
  deleting: boolean;
  node?: string;
  // Of the claims that matter, those that it mounts.
  claims: string[];
  // The Deployment or StatefulSet that it belongs to; or else what controls it.
  workload?: WorkloadRef & { uid: string };
  controlledBy?: { kind: string; name: string };
  // It is of a Job that Holdfast has made, this Restore's own ones included: it ends by itself, and is no hindrance but waited for.
  passing?: boolean;
};

// `lost`: its volume is gone.
export type ClaimFacts = { name: string; deleting: boolean; lost: boolean };

export type QuiesceFacts = {
  namespace: string;
  // Those that are restored in place and are there.
  claims: ClaimFacts[];
  // Those named and recorded that are there, and those that use one of the claims.
  workloads: WorkloadFacts[];
  // Pods that have not ended and mount one of the claims or belong to one of the workloads.
  pods: PodFacts[];
};

// One change of a number of replicas. To 0: only from another number. To another number: only from 0.
export type ScaleStep = WorkloadRef & { uid: string; to: number };

export const isWorkload = (one: WorkloadRef, other: WorkloadRef): boolean => one.kind === other.kind && one.name === other.name;

// The recorded one, as it is now. Another one of its name does not count.
export const stillThere = ({ workloads }: QuiesceFacts, { uid }: Pick<QuiescedWorkload, 'uid'>): WorkloadFacts | undefined =>
  workloads.find((each) => each.uid === uid);

// Pods that have a claim mounted and that nothing of what is `stopped` takes away.
export const foreignPods = ({ pods }: QuiesceFacts, stopped: readonly Pick<WorkloadFacts, 'uid'>[]): PodFacts[] =>
  pods.filter((pod) => pod.claims.length > 0 && pod.passing !== true && !stopped.some(({ uid }) => uid === pod.workload?.uid));

// Whether its pods use one of the claims, by what its template says or by what they have mounted.
export const usesClaims = ({ pods }: QuiesceFacts, { uid, uses }: Pick<WorkloadFacts, 'uid' | 'uses'>): boolean =>
  uses.length > 0 || pods.some((pod) => pod.workload?.uid === uid && pod.claims.length > 0);
