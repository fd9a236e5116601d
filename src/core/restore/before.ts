// Facts before a Restore starts: what it needs is there, it may replace what it would, and it is its turn.
import type { RestoredComponent, RestoreStatus } from '../../api/restore-status.ts';
import { policyProblem } from '../policy/validate.ts';
import { durationMilliseconds, isoTime, minute, second } from '../plan/time.ts';
import { ended, goingOn, waitingForPerson } from './outcome.ts';
import { holdOn, isUndo, statusOf } from './observed.ts';
import type { RestoreDecision, RestoreFact, RestoreObserved, RestoreRival } from './observed.ts';
import type { Failure } from './fail.ts';
import { claimExists, confirmationProblem, undoProblem } from './refusals.ts';
import type { WrittenRefusal } from './refusals.ts';
import { enter } from './stages.ts';
import { firstStage, needsPlan, stopsWorkloads, targetClaim, wantedComponents } from './targets.ts';
import type { Wanted } from './targets.ts';
import { directoryOf } from './workloads/directory.ts';
import { quiescePlan } from './workloads/plan.ts';
import { quiesceWish } from './wish.ts';

// What may come with the same `kubectl apply` is waited for. After that nobody reckons with it any more.
const patienceMilliseconds = 10 * minute;
const lookAgainMilliseconds = 10 * second;

// Nothing was done, and nothing will be: the spec cannot be changed.
const refused = (observed: RestoreObserved, { reason, message }: Failure): RestoreDecision => ({
  actions: [],
  status: ended(observed, statusOf(observed), { good: false, reason, message }),
});

const soonOrNever = (observed: RestoreObserved, failure: Failure): RestoreDecision => {
  const left = Date.parse(observed.restore.metadata.creationTimestamp) + patienceMilliseconds - observed.now;
  return left <= 0
    ? refused(observed, failure)
    : {
        actions: [],
        status: waitingForPerson(observed, statusOf(observed), { phase: 'Pending', ...failure }),
        againMilliseconds: Math.min(left, lookAgainMilliseconds),
      };
};

export const policyMissing: RestoreFact = (observed) =>
  observed.policy === undefined
    ? soonOrNever(observed, {
        reason: 'PolicyMissing',
        message: `There is no BackupPolicy "${observed.restore.spec.source.policyRef.name}" in this namespace. Create it, or delete this Restore.`,
      })
    : undefined;

// Names that the policy does not have.
export const partMissing: RestoreFact = (observed) => {
  const { restore, policy } = observed;
  if (policy === undefined) {
    return undefined;
  }
  const { tier } = restore.spec.source;
  if (tier !== undefined && !policy.spec.tiers.some(({ name }) => name === tier)) {
    const known = policy.spec.tiers.map(({ name }) => name).join(', ');
    return refused(observed, {
      reason: 'ConfigurationFailed',
      message: `The policy has no tier "${tier}"; it has ${known}. Create another Restore.`,
    });
  }
  const unknown = (restore.spec.components ?? []).find(({ name }) => !policy.spec.components.some((each) => each.name === name));
  const known = policy.spec.components.map(({ name }) => name).join(', ');
  return unknown === undefined
    ? undefined
    : refused(observed, {
        reason: 'ComponentMissing',
        message: `The policy has no component "${unknown.name}"; it has ${known}. Create another Restore.`,
      });
};

// A schedule that cannot be read stops no restore, and neither does anything else that only backups need.
export const policyInvalid: RestoreFact = (observed) => {
  const problem = observed.policy && policyProblem(observed.policy, observed.agentMajors, observed.now);
  return problem === undefined || problem.reason !== 'AgentImageMissing'
    ? undefined
    : soonOrNever(observed, { reason: problem.reason, message: problem.message });
};

const refusedAsWritten = (observed: RestoreObserved, problem: WrittenRefusal | undefined): RestoreDecision | undefined =>
  problem && refused(observed, { reason: problem.code, message: problem.message });

export const notConfirmed: RestoreFact = (observed) => refusedAsWritten(observed, confirmationProblem(observed.restore));

export const nothingToUndo: RestoreFact = (observed) => refusedAsWritten(observed, undoProblem(observed.restore, observed.undone));

// Two that stop workloads of one namespace go one after the other: each gives back what it has found.
export const queued: RestoreFact = (observed) => {
  const { name, namespace, creationTimestamp } = observed.restore.metadata;
  const created = Date.parse(creationTimestamp);
  const first =
    observed.rivals.find(({ started }) => started) ??
    observed.rivals.find((rival) => rival.createdTime < created || (rival.createdTime === created && rival.name < name));
  return first === undefined || !stopsWorkloads(observed.restore)
    ? undefined
    : {
        actions: [],
        status: goingOn(observed, statusOf(observed), { phase: 'Pending', reason: 'Queued', message: goesFirst(first, namespace) }),
      };
};

const goesFirst = ({ name, waitsForApproval = false }: RestoreRival, namespace: string): string => {
  const approve = waitsForApproval ? ` It waits for an approval: kubectl holdfast approve restore/${name} -n ${namespace}.` : '';
  return `Restore "${name}" goes first.${approve} Where it is not wanted: kubectl delete restore ${name} -n ${namespace}`;
};

// Claims to make are somebody's data where they are there; workloads that cannot stop are known before anything is read.
export const cannotBe: RestoreFact = (observed) => {
  const { restore, policy, claims, workloads } = observed;
  if (policy === undefined) {
    return undefined;
  }
  const [taken] = isUndo(observed)
    ? []
    : wantedComponents(restore, policy).flatMap((wanted) =>
        wanted.target.volume === undefined
          ? []
          : claims.filter((claim) => claim.name === targetClaim(restore, wanted) && claim.madeFor !== restore.metadata.uid),
      );
  if (taken !== undefined) {
    return refused(observed, { reason: 'ClaimExists', message: claimExists(taken, restore.metadata.namespace) });
  }
  if (!stopsWorkloads(restore) || workloads === undefined) {
    return undefined;
  }
  const plan = quiescePlan(workloads, quiesceWish(observed));
  if (plan.kind === 'refusal') {
    return refused(observed, { reason: plan.code, message: plan.message });
  }
  const unclear = inPlaceTargets(observed)
    .map((target) => directoryOf(target, workloads))
    .find(({ kind }) => kind === 'refusal');
  return unclear?.kind === 'refusal' ? refused(observed, { reason: unclear.code, message: unclear.message }) : undefined;
};

const inPlaceTargets = ({ restore }: RestoreObserved) => (restore.spec.components ?? []).flatMap(({ target }) => target?.inPlace ?? []);

// It is its turn. What it covers stands in the status, and its finalizer on it, before there is any Job.
export const notStarted: RestoreFact = (observed) => {
  const { restore, policy, now } = observed;
  if (policy === undefined) {
    return undefined;
  }
  const status: RestoreStatus = {
    ...statusOf(observed),
    startTime: isoTime(now),
    rto: { objectiveSeconds: durationMilliseconds(policy.spec.objectives.rto) / second },
    components: isUndo(observed) ? undoComponents(observed) : wantedComponents(restore, policy).map((wanted) => startOf(observed, wanted)),
  };
  const stage = firstStage(restore, needsPlan(restore, policy));
  const message = 'It begins.';
  return {
    actions: holdOn(observed),
    status: goingOn(observed, enter(observed, status, stage, []), {
      phase: stage === 'Planning' ? 'Planning' : 'Running',
      reason: stage === 'Planning' ? 'Planning' : 'Restoring',
      message,
    }),
    againMilliseconds: 0,
  };
};

const startOf = (observed: RestoreObserved, wanted: Wanted): RestoredComponent => {
  const { name, target } = wanted;
  const claimName = targetClaim(observed.restore, wanted);
  const common = { name, outcome: 'Pending' as const, ...(claimName === undefined ? {} : { claimName }) };
  if (target.volume !== undefined) {
    return { ...common, kind: 'volume', path: target.volume.path, runAs: target.volume.runAs };
  }
  if (target.inPlace !== undefined && observed.workloads !== undefined) {
    const found = directoryOf(target.inPlace, observed.workloads);
    return { ...common, kind: 'inPlace', ...(found.kind === 'directory' ? { path: found.path, runAs: found.runAs } : {}) };
  }
  return { ...common, kind: 'server' };
};

// The same places as those of the Restore that it undoes.
const undoComponents = ({ undone }: RestoreObserved): RestoredComponent[] =>
  (undone?.status?.components ?? [])
    .filter(({ name, kept }) => kept === true && undone?.status?.undo?.components.includes(name) === true)
    .map(({ name, kind, claimName, path, runAs, copy }) => ({
      name,
      outcome: 'Pending',
      ...(kind === undefined ? {} : { kind }),
      ...(claimName === undefined ? {} : { claimName }),
      ...(path === undefined ? {} : { path }),
      ...(runAs === undefined ? {} : { runAs }),
      ...(copy === undefined ? {} : { copy }),
    }));
