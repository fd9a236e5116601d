// Events about what a new status says, on the object itself; a run that ended badly is told of at its policy, too.
import { apiVersion } from '../api/group.ts';
import type { Backup, BackupPolicy, Restore } from '../api/objects.ts';
import type { Condition } from '../api/run-status.ts';
import { conditionEvents } from '../core/plan/condition-events.ts';
import type { Regarding } from '../kube/events.ts';
import type { OperatorContext } from './context.ts';

type Subject = Backup | BackupPolicy | Restore;

const regarding = ({ kind, metadata }: Subject): Regarding => ({
  apiVersion,
  kind,
  namespace: metadata.namespace,
  name: metadata.name,
  uid: metadata.uid,
});

const hasFailed = (conditions: Condition[] | undefined): Condition | undefined =>
  conditions?.find(({ type, status }) => type === 'Succeeded' && status === 'False');

export const tellOfChanges = (
  { events }: Pick<OperatorContext, 'events'>,
  subject: Subject,
  policy: BackupPolicy | undefined,
  conditions: Condition[] | undefined,
): void => {
  const before = subject.status?.conditions;
  conditionEvents(before, conditions).forEach((event) => events.record({ regarding: regarding(subject), ...event }));
  const failed = hasFailed(conditions);
  if (failed !== undefined && hasFailed(before) === undefined && subject.kind !== 'BackupPolicy' && policy !== undefined) {
    const message = `${subject.kind} ${subject.metadata.name}: ${failed.message}`;
    events.record({ regarding: regarding(policy), type: 'Warning', reason: failed.reason, action: subject.kind, message });
  }
};

// What no condition will say: an object that goes away has none any more.
export const tell = (
  { events }: Pick<OperatorContext, 'events'>,
  subject: Subject,
  { reason, message }: { reason: string; message: string },
): void =>
  events.record({
    regarding: regarding(subject),
    type: 'Warning',
    reason,
    action: subject.kind === 'BackupPolicy' ? 'Archiving' : subject.kind,
    message,
  });
