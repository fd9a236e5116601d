// Where the data goes: the claim, the workloads that stop, and whether that can be done. The operator decides in the end; what can be known before is shown before.
import type { V1Deployment, V1PersistentVolumeClaim, V1Service, V1StatefulSet, V2HorizontalPodAutoscaler } from '@kubernetes/client-node';
import type { BackupPolicy } from '../../api/objects.ts';
import { workloadKinds } from '../../api/restore.ts';
import { directoryOf } from '../../core/restore/workloads/directory.ts';
import type { InPlace } from '../../core/restore/workloads/directory.ts';
import type { QuiesceFacts, WorkloadRef } from '../../core/restore/workloads/facts.ts';
import { quiescePlan } from '../../core/restore/workloads/plan.ts';
import { claimFacts, workloadFacts } from '../../core/restore/workloads/read.ts';
import type { WorkloadObject } from '../../core/restore/workloads/read.ts';
import { hasReason } from '../../kube/errors.ts';
import type { KubeObject } from '../../kube/object.ts';
import { deployments, horizontalPodAutoscalers, persistentVolumeClaims, statefulSets } from '../../kube/resource.ts';
import type { Cluster } from '../common/cluster.ts';
import { refused, wrongUse } from '../common/errors.ts';
import { checkName, listAll } from '../common/find.ts';
import type { Io } from '../common/io.ts';
import { services } from '../common/resources.ts';
import { candidatesOf, serviceOf } from './claim.ts';
import type { Candidate } from './claim.ts';
import type { Database } from './subject.ts';

type Wire<T> = T & KubeObject;

export type Target = {
  claim: string;
  // As it goes into the spec: what was said, not what was found out.
  inPlace: InPlace;
  capacity?: string;
  // What was named to be stopped besides.
  named: WorkloadRef[];
  // What stops, in words, or why it cannot.
  stops: string[];
  notes: string[];
  directory?: string;
  trouble?: { code: string; message: string };
  // Why it could not be looked at: whoever restores may perhaps not see workloads.
  unread?: string;
};

type Said = { claim?: string; path?: string; runAs?: string; stop?: string[] };

export const findTarget = async (cluster: Cluster, database: Database, options: Said, io: Io): Promise<Target> => {
  const { namespace } = cluster;
  const named = (options.stop ?? []).map(readWorkload);
  inPlaceOf('', options);
  if (options.claim !== undefined) {
    checkName(options.claim, 'claim');
  }
  try {
    const workloads = await readWorkloads(cluster);
    const claim = options.claim ?? (await chooseClaim(await findCandidates(cluster, database, workloads), namespace, io));
    return await lookAt(cluster, inPlaceOf(claim, options), named, workloads);
  } catch (error) {
    if (!hasReason(error, 'Forbidden') || options.claim === undefined) {
      throw error;
    }
    return { claim: options.claim, inPlace: inPlaceOf(options.claim, options), named, stops: [], notes: [], unread: error.message };
  }
};

const inPlaceOf = (claimName: string, { path, runAs }: Said): InPlace => {
  const [, user = '', group = ''] = /^([1-9]\d{0,9}):([1-9]\d{0,9})$/.exec(runAs ?? '') ?? [];
  if (runAs !== undefined && user === '') {
    throw wrongUse(`"${runAs}" is no <uid>:<gid>.`, 'Write two numbers, such as 999:999.');
  }
  return {
    claimName,
    ...(path === undefined ? {} : { path }),
    ...(runAs === undefined ? {} : { runAs: { user: Number(user), group: Number(group) } }),
  };
};

const lookAt = async (
  { client, namespace }: Cluster,
  inPlace: InPlace,
  named: WorkloadRef[],
  workloads: WorkloadObject[],
): Promise<Target> => {
  const claim = inPlace.claimName;
  const [found, autoscalers] = await Promise.all([
    client.get<Wire<V1PersistentVolumeClaim>>(persistentVolumeClaims, { namespace, name: claim }),
    listAll<Wire<V2HorizontalPodAutoscaler>>(client, horizontalPodAutoscalers, namespace),
  ]);
  const all = workloads.map((each) => workloadFacts(each, [claim], autoscalers));
  const meant = all.filter((each) => each.uses.length > 0 || named.some(({ kind, name }) => kind === each.kind && name === each.name));
  // Pods that nothing stops are found by the operator: who restores may not be allowed to list them.
  const facts: QuiesceFacts = { namespace, claims: found === undefined ? [] : [claimFacts(found)], workloads: meant, pods: [] };
  const capacity = found?.status?.capacity?.['storage'];
  return { claim, inPlace, named, ...(capacity === undefined ? {} : { capacity }), ...judge(facts, inPlace, named) };
};

const judge = (facts: QuiesceFacts, inPlace: InPlace, named: WorkloadRef[]): Pick<Target, 'stops' | 'notes' | 'directory' | 'trouble'> => {
  const quiesce = quiescePlan(facts, { named, claims: [inPlace.claimName] });
  if (quiesce.kind === 'refusal') {
    return { stops: [], notes: [], trouble: quiesce };
  }
  const stops = quiesce.workloads.map(
    ({ kind, name, replicas }) => `${kind} ${name} (${replicas} ${replicas === 1 ? 'replica' : 'replicas'})`,
  );
  const directory = directoryOf(inPlace, facts);
  return directory.kind === 'refusal'
    ? { stops, notes: quiesce.notes, trouble: directory }
    : { stops, notes: quiesce.notes, directory: directory.path };
};

const readWorkload = (text: string): WorkloadRef => {
  const [, word = '', name = ''] = /^([^/]+)\/([^/]+)$/.exec(text) ?? [];
  const kind = workloadKinds.find((each) => [each.toLowerCase(), `${each.toLowerCase()}s`].includes(word.toLowerCase()));
  if (kind === undefined) {
    throw wrongUse(`"${text}" names no workload that can be stopped.`, 'Write deployment/<name> or statefulset/<name>.');
  }
  checkName(name, kind);
  return { kind, name };
};

const readWorkloads = async ({ client, namespace }: Cluster): Promise<WorkloadObject[]> => {
  const [stateful, stateless] = await Promise.all([
    listAll<V1StatefulSet & KubeObject>(client, statefulSets, namespace),
    listAll<V1Deployment & KubeObject>(client, deployments, namespace),
  ]);
  return [
    ...stateful.map((object) => ({ kind: 'StatefulSet' as const, object })),
    ...stateless.map((object) => ({ kind: 'Deployment' as const, object })),
  ];
};

const findCandidates = async (
  { client, namespace }: Cluster,
  { postgresql }: Database,
  workloads: WorkloadObject[],
): Promise<Candidate[]> => {
  const name = serviceOf(postgresql.connection.host, namespace);
  const service = name === undefined ? undefined : await client.get<V1Service>(services, { namespace, name });
  return candidatesOf(workloads, service);
};

// Guessing which data to replace is the one thing that must not be done: where it is not clear, somebody says it.
const chooseClaim = async (candidates: Candidate[], namespace: string, { ask, err }: Io): Promise<string> => {
  const [only] = candidates;
  if (only !== undefined && candidates.length === 1) {
    return only.claim;
  }
  const list = candidates.map(({ claim, kind, workload }) => `${claim} (${kind} ${workload})`);
  if (ask !== undefined && list.length > 0) {
    err(`The data directory may lie in any of these claims:\n${list.map((each) => `  ${each}\n`).join('')}`);
    const typed = await ask('Which one? ');
    if (candidates.some(({ claim }) => claim === typed)) {
      return typed;
    }
  }
  throw refused(
    'ClaimUnclear',
    list.length === 0
      ? `No workload of the namespace "${namespace}" says that its claim holds the database.`
      : `The data directory may lie in any of these claims: ${list.join(', ')}.`,
    `Name the right one with --claim. See what there is: kubectl get persistentvolumeclaims -n ${namespace}`,
  );
};

// The claim of the policy's database, where there is no doubt which it is and the caller may look.
export const knownClaim = async (cluster: Cluster, { spec }: BackupPolicy): Promise<string | undefined> => {
  const database = spec.components.find((each): each is Database => each.postgresql !== undefined);
  if (database === undefined) {
    return undefined;
  }
  try {
    const candidates = await findCandidates(cluster, database, await readWorkloads(cluster));
    return candidates.length === 1 ? candidates[0]?.claim : undefined;
  } catch (error) {
    if (hasReason(error, 'Forbidden')) {
      return undefined;
    }
    throw error;
  }
};
