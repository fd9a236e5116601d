// Which workloads a Restore stops, in which order, and why it may not.
import type { QuiescedWorkload } from '../../../api/restore-status.ts';
import { cut } from '../../plan/conditions.ts';
import type { QuiesceFacts, WorkloadFacts, WorkloadRef } from './facts.ts';
import { foreignPods, isWorkload, usesClaims } from './facts.ts';
import { describeForeign } from './foreign-pods.ts';
import { hindrances } from './managed.ts';
import { refuseAll } from './refusal.ts';
import type { WorkloadRefusal } from './refusal.ts';

// `workloads`: to be recorded before anything is scaled; applications before those that use a claim. `notes`: what is worth knowing.
export type QuiescePlan = { kind: 'plan'; workloads: QuiescedWorkload[]; notes: string[] };

// What is stopped: the workloads `named` in the spec, and those whose pods use one of the `claims` that are restored in place.
export type QuiesceWish = { named: readonly WorkloadRef[]; claims: readonly string[] };

// What a status can hold.
const mostWorkloads = 32;
const mostNotes = 8;
const longestNote = 500;

export const quiescePlan = (facts: QuiesceFacts, wish: QuiesceWish): QuiescePlan | WorkloadRefusal => {
  const { namespace, workloads } = facts;
  const isNamed = (each: WorkloadRef): boolean => wish.named.some((one) => isWorkload(one, each));
  const applications = workloads.filter((each) => isNamed(each) && !usesClaims(facts, each));
  const users = workloads.filter((each) => usesClaims(facts, each));
  const stopped = [...applications, ...users];
  const foreign = foreignPods(facts, stopped).filter(({ deleting }) => !deleting);
  return (
    refuseAll('ClaimMissing', missingClaims(facts, wish)) ??
    refuseAll('WorkloadMissing', missingWorkloads(facts, wish)) ??
    refuseAll(
      'ManagedByController',
      stopped.flatMap((each) => hindrances(namespace, each)),
    ) ??
    refuseAll(
      'ConnectionsActive',
      foreign.map((pod) => describeForeign(namespace, pod)),
    ) ??
    refuseAll('ConnectionsActive', tooMany(stopped)) ?? { kind: 'plan', workloads: stopped.map(record), notes: stopped.flatMap(notesOn) }
  );
};

// What a plan for people says of them.
export const announce = ({ workloads, notes }: QuiescePlan): { stops?: string[]; notes?: string[] } => ({
  ...(workloads.length === 0
    ? {}
    : { stops: workloads.map(({ kind, name, replicas }) => `${kind} ${name} (${replicas} ${replicas === 1 ? 'replica' : 'replicas'})`) }),
  ...(notes.length === 0 ? {} : { notes: notes.slice(0, mostNotes).map((note) => cut(note, longestNote)) }),
});

const record = ({ kind, name, uid, replicas }: WorkloadFacts): QuiescedWorkload => ({ kind, name, uid, replicas });

const tooMany = ({ length }: readonly WorkloadFacts[]): string[] =>
  length <= mostWorkloads
    ? []
    : [
        `${length} workloads would have to be stopped, and a Restore keeps the replicas of ${mostWorkloads} at most. Stop some of them yourself, and take the claims out of their templates; or restore into a new claim (target.volume).`,
      ];

const missingClaims = ({ namespace, claims }: QuiesceFacts, wish: QuiesceWish): string[] =>
  wish.claims.flatMap((name) => {
    const found = claims.find((claim) => claim.name === name);
    if (found !== undefined && !found.deleting && !found.lost) {
      return [];
    }
    const trouble = found === undefined ? 'is not there' : found.deleting ? 'is being deleted' : 'has lost its volume';
    return [
      `Claim ${name} ${trouble} in namespace ${namespace}. See what there is: kubectl get persistentvolumeclaims --namespace ${namespace}; or restore into a new claim (target.volume).`,
    ];
  });

const missingWorkloads = ({ namespace, workloads }: QuiesceFacts, { named }: QuiesceWish): string[] =>
  named.flatMap((one) => {
    const found = workloads.find((each) => isWorkload(each, one));
    return found !== undefined && !found.deleting
      ? []
      : [
          `${one.kind} ${one.name} of spec.quiesce.workloads ${found === undefined ? 'is not there' : 'is being deleted'} in namespace ${namespace}. See what there is: kubectl get deployments,statefulsets --namespace ${namespace}`,
        ];
  });

const notesOn = ({ kind, name, replicas, gitOps, uses }: WorkloadFacts): string[] => [
  ...(replicas > 1 && uses.length > 0
    ? [
        `${kind} ${name} has ${replicas} replicas: all of them are stopped, and only ${uses.map(({ claim }) => claim).join(' and ')} is restored.`,
      ]
    : []),
  ...gitOps.map(
    ({ tool, pause }) =>
      `${kind} ${name} is applied by ${tool}. If that heals what differs, it would scale it back meanwhile; pause it: ${pause}`,
  ),
];
