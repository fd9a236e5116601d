// Facts before a run starts: what it needs is there, and it is its turn.
import { annotation } from '../../api/group.ts';
import type { Backup, BackupPolicy } from '../../api/objects.ts';
import { policyProblem } from '../policy/validate.ts';
import { isoTime } from '../plan/time.ts';
import { backupIdFor, slotOf, statusOf } from './observed.ts';
import type { BackupFact, Rival } from './observed.ts';
import { goingOn, waitingForPerson } from './outcome.ts';

// The policy that it names is not there (yet).
export const policyMissing: BackupFact = (observed) => {
  if (observed.policy !== undefined) {
    return undefined;
  }
  const message = `There is no BackupPolicy "${observed.backup.spec.policyRef.name}" in this namespace. Create it, or delete this Backup.`;
  return { actions: [], status: waitingForPerson(observed, statusOf(observed), 'PolicyMissing', message) };
};

// The Backup names a component that the policy has not.
export const componentMissing: BackupFact = (observed) => {
  const { backup, policy } = observed;
  const unknown = policy === undefined ? [] : unknownComponents(backup, policy);
  if (policy === undefined || unknown.length === 0) {
    return undefined;
  }
  const known = policy.spec.components.map(({ name }) => name).join(', ');
  const message = `The policy has no component ${unknown.map((name) => `"${name}"`).join(', ')}; it has ${known}.`;
  return { actions: [], status: waitingForPerson(observed, statusOf(observed), 'ComponentMissing', message) };
};

// Components that a Backup names and its policy has not.
export const unknownComponents = (backup: Backup, { spec }: BackupPolicy): string[] =>
  (backup.spec.components ?? []).filter((wanted) => !spec.components.some(({ name }) => name === wanted));

// The policy itself cannot work.
export const policyInvalid: BackupFact = (observed) => {
  const problem = observed.policy && policyProblem(observed.policy, observed.agentMajors, observed.now);
  // A schedule that cannot be read stops no run that was asked for by hand.
  if (problem === undefined || problem.reason === 'InvalidSchedule') {
    return undefined;
  }
  return { actions: [], status: waitingForPerson(observed, statusOf(observed), problem.reason, problem.message) };
};

// Another Backup of the policy runs, or came first. One that waits for a person holds nobody up.
export const queued: BackupFact = (observed) => {
  const { name, creationTimestamp } = observed.backup.metadata;
  const self = { name, createdTime: Date.parse(creationTimestamp) };
  const before = observed.rivals.filter((rival) => rival.started || (!rival.stalled && isOlder(rival, self)));
  const first = before.find(({ started }) => started) ?? before.at(0);
  if (first === undefined) {
    return undefined;
  }
  const message = `Backup "${first.name}" of the same policy runs first.`;
  return { actions: [], status: goingOn(observed, statusOf(observed), 'Pending', 'Queued', message) };
};

const isOlder = (rival: Pick<Rival, 'name' | 'createdTime'>, self: Pick<Rival, 'name' | 'createdTime'>): boolean =>
  rival.createdTime < self.createdTime || (rival.createdTime === self.createdTime && rival.name < self.name);

// It is its turn. The id and the start stand in the status before there is any Job.
export const notStarted: BackupFact = (observed) => {
  const { backup, policy, now } = observed;
  const names = backup.spec.components ?? policy?.spec.components.map(({ name }) => name) ?? [];
  const status = {
    ...statusOf(observed),
    backupId: backupIdFor(observed, slotOf(observed, annotation.slot)),
    startTime: isoTime(now),
    components: names.map((name) => ({ name, outcome: 'Pending' as const })),
    tiers: (policy?.spec.tiers ?? []).map(({ name }) => ({ name, state: 'Pending' as const })),
  };
  return {
    actions: [],
    status: goingOn(observed, status, 'Running', 'Running', 'The components are being dumped.'),
    againMilliseconds: 0,
  };
};
