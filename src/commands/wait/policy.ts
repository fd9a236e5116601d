// When waiting for a policy is over, and how.
import type { BackupPolicy } from '../../api/objects.ts';
import { findCondition } from '../../core/plan/conditions.ts';
import { failure } from '../backup/ending.ts';
import type { Cluster } from '../common/cluster.ts';
import { CommandError, exitCode } from '../common/errors.ts';
import { policyNotFound } from '../common/find.ts';
import type { Io } from '../common/io.ts';
import { oneLine } from '../common/printable.ts';
import { backupPolicies } from '../common/resources.ts';
import { waitUntil } from '../common/until.ts';
import type { Ending } from '../common/until.ts';
import type { Goal } from './target.ts';

// Resolves to one line that says what was reached; throws how it ended else.
export const waitForPolicy = async (
  cluster: Cluster,
  { name, namespace }: { name: string; namespace: string },
  goal: Goal,
  timeoutMilliseconds: number,
  io: Io,
): Promise<string> => {
  const type = goal === 'rpo' ? 'RPOMet' : 'Ready';
  let last = '';
  const note = (text: string): void => {
    if (text !== last) {
      io.err(`${text}\n`);
    }
    last = text;
  };
  const seen = await waitUntil<BackupPolicy>(
    cluster,
    {
      resource: backupPolicies,
      followed: { name, namespace },
      timeoutMilliseconds,
      ending: (policy) => endingOfPolicy(policy, type),
      gone: (before) => (before ? deleted(name, namespace) : policyNotFound(name, namespace)),
      show: (policy) => note(describe(policy, type)),
      late: (policy) => unmet(policy, type),
      goesOn: { what: `the BackupPolicy ${namespace}/${name}`, next: `See how it stands: kubectl holdfast status ${name} -n ${namespace}` },
    },
    { note, end: () => undefined },
    io,
  );
  return `${describe(seen, type)}\n`;
};

type Wanted = 'Ready' | 'RPOMet';

// What is said of an older spec is no answer.
const isCurrent = ({ metadata, status }: BackupPolicy): boolean => status?.observedGeneration === metadata.generation;

const endingOfPolicy = (policy: BackupPolicy, type: Wanted): Ending | undefined => {
  if (!isCurrent(policy)) {
    return undefined;
  }
  const { conditions } = policy.status ?? {};
  const stalled = findCondition(conditions, 'Stalled');
  if (stalled?.status === 'True') {
    return { error: failure(stalled, 'waits for a person') };
  }
  return findCondition(conditions, type)?.status === 'True' ? {} : undefined;
};

// The time is over, and it is known that it was not reached. What is not known ends as such.
const unmet = (policy: BackupPolicy | undefined, type: Wanted): CommandError | undefined => {
  const condition = policy !== undefined && isCurrent(policy) ? findCondition(policy.status?.conditions, type) : undefined;
  return condition?.status === 'False' ? failure(condition, `${type} is not reached in time`) : undefined;
};

const describe = (policy: BackupPolicy, type: Wanted): string => {
  const condition = findCondition(policy.status?.conditions, type);
  if (!isCurrent(policy) || condition === undefined) {
    return `${type}: the operator has not looked at the newest spec yet`;
  }
  return oneLine(`${type} is ${condition.status} (${condition.reason}): ${condition.message}`);
};

const deleted = (name: string, namespace: string): CommandError =>
  new CommandError(
    exitCode.failed,
    'Deleted',
    `The BackupPolicy ${namespace}/${name} was deleted.`,
    'Apply it again when that was not on purpose.',
  );
