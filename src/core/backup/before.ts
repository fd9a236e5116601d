// Facts before a run starts: what it needs is there, and it is its turn.
import { annotation } from '../../api/group.ts';
import type { Backup, BackupPolicy } from '../../api/objects.ts';
import type { Component } from '../../api/policy.ts';
import { policyProblem } from '../policy/validate.ts';
import { isoTime, minute, second } from '../plan/time.ts';
import { backupIdFor, slotOf, statusOf } from './observed.ts';
import type { BackupFact, BackupObserved, Rival } from './observed.ts';
import { goingOn, waitingForPerson } from './outcome.ts';
import { baseOf } from './parents.ts';
import type { Base } from './parents.ts';

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

// How long a Backup waits for a reading of the store that says what it can build on.
const longestWaitMilliseconds = 15 * minute;
const lookAgainMilliseconds = 10 * second;

// What it builds on must be known from the store, with the run before it. That is read after each run; where it is not, the backup is whole.
export const storeUnread: BackupFact = (observed) => {
  const { backup, policy, stored, lastSealedTime = 0, now } = observed;
  const since = Math.max(Date.parse(backup.metadata.creationTimestamp), lastSealedTime);
  if (
    (stored !== undefined && stored.measuredTime >= lastSealedTime) ||
    now - since > longestWaitMilliseconds ||
    policy === undefined ||
    !componentsOf(backup, policy).some((component) => baseFor(observed, policy, component).whole?.reason === 'StoreNotRead')
  ) {
    return undefined;
  }
  return {
    actions: [],
    status: goingOn(observed, statusOf(observed), 'Pending', 'StoreBeingRead', 'What it can build on is being read from the store.'),
    againMilliseconds: lookAgainMilliseconds,
  };
};

// The components that a Backup covers, in the order of the policy.
export const componentsOf = ({ spec }: Backup, policy: BackupPolicy): Component[] =>
  policy.spec.components.filter(({ name }) => spec.components?.includes(name) ?? true);

// A reading from before the newest run does not know of it.
const baseFor = ({ backup, stored, lastSealedTime = 0 }: BackupObserved, policy: BackupPolicy, component: Component): Base => {
  const { type } = backup.spec;
  return type === 'Log'
    ? {}
    : baseOf({
        type,
        encryption: policy.spec.encryption,
        component,
        entries: stored !== undefined && stored.measuredTime >= lastSealedTime ? stored.entries : undefined,
      });
};

// It is its turn. The id, the start and what it builds on stand in the status before there is any Job.
export const notStarted: BackupFact = (observed) => {
  const { backup, policy, now } = observed;
  const components =
    policy === undefined
      ? []
      : componentsOf(backup, policy).map((component) => ({ component, base: baseFor(observed, policy, component) }));
  const status = {
    ...statusOf(observed),
    backupId: backupIdFor(observed, slotOf(observed, annotation.slot)),
    startTime: isoTime(now),
    components: components.map(({ component, base }) => ({ name: component.name, outcome: 'Pending' as const, ...base })),
    tiers: (policy?.spec.tiers ?? []).map(({ name }) => ({ name, state: 'Pending' as const })),
  };
  return {
    actions: [],
    status: goingOn(observed, status, 'Running', 'Running', 'The components are being dumped.'),
    againMilliseconds: 0,
  };
};
