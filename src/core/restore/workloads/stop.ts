// Stopping what was recorded: applications first, then what uses the claims, and what is still waited for.
import type { QuiescedWorkload } from '../../../api/restore-status.ts';
import type { PodFacts, QuiesceFacts, ScaleStep, WorkloadFacts } from './facts.ts';
import { foreignPods, stillThere, usesClaims } from './facts.ts';
import { describeForeign } from './foreign-pods.ts';
import { firstOf, refuseAll } from './refusal.ts';
import type { WorkloadRefusal } from './refusal.ts';

// `done`: nothing of them runs, and nobody has a claim mounted. `waitsFor`: what is still there, in words.
export type Stopping = { kind: 'stopping'; scale: ScaleStep[]; done: boolean; waitsFor?: string };

export const stopping = (recorded: readonly QuiescedWorkload[], facts: QuiesceFacts): Stopping | WorkloadRefusal => {
  const found = recorded.flatMap((each) => stillThere(facts, each) ?? []);
  const left = whatIsLeft(recorded, facts);
  const foreign = foreignPods(facts, found).filter(({ deleting }) => !deleting);
  const refusal = refuseAll(
    'ConnectionsActive',
    foreign.map((pod) => describeForeign(facts.namespace, pod)),
  );
  if (refusal !== undefined) {
    return refusal;
  }
  const [applications, users] = [false, true].map((uses) => found.filter((each) => usesClaims(facts, each) === uses)) as [
    WorkloadFacts[],
    WorkloadFacts[],
  ];
  const runs = ({ uid, replicas }: WorkloadFacts): boolean => replicas > 0 || left.some(({ workload }) => workload?.uid === uid);
  // What they write last still finds its database.
  const turn = applications.some(runs) ? applications : users;
  const up = found.filter(({ replicas }) => replicas > 0);
  return {
    kind: 'stopping',
    scale: turn.filter(({ replicas }) => replicas > 0).map(({ kind, name, uid }) => ({ kind, name, uid, to: 0 })),
    done: left.length === 0 && up.length === 0,
    ...(left.length === 0 && up.length === 0 ? {} : { waitsFor: describeLeft(left, up) }),
  };
};

// Pods that have not ended and mount a claim or belong to what is stopped.
export const whatIsLeft = (recorded: readonly QuiescedWorkload[], { pods }: QuiesceFacts): PodFacts[] =>
  pods.filter((pod) => pod.claims.length > 0 || recorded.some(({ uid }) => uid === pod.workload?.uid));

// For a condition that says what is waited for. Nothing in it moves from look to look.
const describeLeft = (left: readonly PodFacts[], up: readonly WorkloadFacts[]): string =>
  left.length === 0
    ? `${firstOf(
        up.map(({ kind, name }) => `${kind} ${name}`),
        5,
      ).join(', ')} to be scaled to 0`
    : `${firstOf(
        left.map(({ name, claims }) => `pod ${name}${claims.length === 0 ? '' : ` (has ${claims.join(' and ')} mounted)`}`),
        5,
      ).join(', ')} to end`;
