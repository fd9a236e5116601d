// Workloads and pods of a namespace, as decisions and as the API see them.
import type { V1Container, V1PodSpec } from '@kubernetes/client-node';
import type { QuiescedWorkload } from '../../src/api/restore-status.ts';
import type { PodFacts, QuiesceFacts, WorkloadFacts } from '../../src/core/restore/workloads/facts.ts';

export const claim = 'data-postgres-0';

export const use = { claim, path: 'pgdata', runAs: { user: 999, group: 999 }, unclear: [] };

export const workload = (kind: 'Deployment' | 'StatefulSet', name: string, changes: Partial<WorkloadFacts> = {}): WorkloadFacts => ({
  kind,
  name,
  uid: `uid of ${name}`,
  replicas: 1,
  deleting: false,
  autoscalers: [],
  deletesClaims: false,
  gitOps: [],
  uses: [],
  ...changes,
});

export const web = (changes: Partial<WorkloadFacts> = {}): WorkloadFacts => workload('Deployment', 'web', { replicas: 3, ...changes });
export const postgres = (changes: Partial<WorkloadFacts> = {}): WorkloadFacts =>
  workload('StatefulSet', 'postgres', { uses: [use], ...changes });

export const pod = (name: string, changes: Partial<PodFacts> = {}): PodFacts => ({
  name,
  uid: `uid of ${name}`,
  deleting: false,
  claims: [],
  ...changes,
});
export const podOf = ({ kind, name, uid }: WorkloadFacts, claims: string[] = [], changes: Partial<PodFacts> = {}): PodFacts =>
  pod(`${name}-0`, { workload: { kind, name, uid }, claims, ...changes });

export const facts = (changes: Partial<QuiesceFacts> = {}): QuiesceFacts => ({
  namespace: 'shop',
  claims: [{ name: claim, deleting: false, lost: false }],
  workloads: [web(), postgres()],
  pods: [podOf(web()), podOf(postgres(), [claim])],
  ...changes,
});

export const recorded = ({ kind, name, uid, replicas }: WorkloadFacts): QuiescedWorkload => ({ kind, name, uid, replicas });

// A pod whose only container mounts the claim.
export const podSpec = (container: Partial<V1Container> = {}, changes: Partial<V1PodSpec> = {}): V1PodSpec => ({
  containers: [
    {
      name: 'postgres',
      image: 'postgres',
      env: [{ name: 'PGDATA', value: '/data/pgdata' }],
      volumeMounts: [{ name: 'data', mountPath: '/data' }],
      ...container,
    },
  ],
  volumes: [{ name: 'data', persistentVolumeClaim: { claimName: claim } }],
  securityContext: { runAsUser: 999, runAsGroup: 998 },
  ...changes,
});
