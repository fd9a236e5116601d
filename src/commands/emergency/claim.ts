// Which claim holds the data directory of the policy's database: found along its Service and the workload behind that, which are there also when the database is not.
import type { V1Service } from '@kubernetes/client-node';
import { workloadFacts } from '../../core/restore/workloads/read.ts';
import type { WorkloadObject } from '../../core/restore/workloads/read.ts';

export type Candidate = { claim: string; kind: WorkloadObject['kind']; workload: string };

// The name of the Service in the namespace that a host stands for: `postgres`, `postgres.shop`, `postgres.shop.svc.cluster.local`. Undefined: elsewhere.
export const serviceOf = (host: string, namespace: string): string | undefined => {
  const [name, where = namespace, svc = 'svc'] = host.split('.');
  return where === namespace && svc === 'svc' ? name : undefined;
};

// All claims that may be meant. One: that is it.
export const candidatesOf = (workloads: readonly WorkloadObject[], service: V1Service | undefined): Candidate[] => {
  const behind = workloads.filter((each) => selects(service, each));
  const all = (behind.length > 0 ? behind : workloads).flatMap(claimsOf);
  const withDirectory = all.filter(({ holds }) => holds);
  // Where nobody says where its data directory lies, a claim of what the Service leads to may be it all the same.
  const meant = withDirectory.length > 0 ? withDirectory : behind.length > 0 ? all : [];
  return meant.map(({ claim, kind, workload }) => ({ claim, kind, workload }));
};

const selects = (service: V1Service | undefined, { object }: WorkloadObject): boolean => {
  const wanted = Object.entries(service?.spec?.selector ?? {});
  const labels = object.spec?.template.metadata?.labels ?? {};
  return wanted.length > 0 && wanted.every(([name, value]) => labels[name] === value);
};

const claimsOf = (workload: WorkloadObject): (Candidate & { holds: boolean })[] => {
  const claims = [...new Set(claimNames(workload))];
  const { uses } = workloadFacts(workload, claims);
  return claims.map((claim) => ({
    claim,
    kind: workload.kind,
    workload: workload.object.metadata?.name ?? '',
    holds: uses.some((use) => use.claim === claim && use.path !== undefined),
  }));
};

// Those that its pods name, and those that a StatefulSet has made of its templates.
const claimNames = ({ kind, object }: WorkloadObject): string[] => {
  const named = (object.spec?.template.spec?.volumes ?? []).flatMap(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName ?? []);
  if (kind !== 'StatefulSet') {
    return named;
  }
  const { replicas = 1, ordinals, volumeClaimTemplates = [] } = object.spec ?? {};
  const numbers = Array.from({ length: Math.max(1, replicas) }, (_, at) => (ordinals?.start ?? 0) + at);
  const made = volumeClaimTemplates.flatMap(({ metadata }) => numbers.map((each) => `${metadata?.name}-${object.metadata?.name}-${each}`));
  return [...named, ...made];
};
