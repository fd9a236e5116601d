// How a Backup ended, in words and as an exit code.
import { reasons } from '../../api/conditions.ts';
import type { ConditionReason } from '../../api/conditions.ts';
import type { Backup } from '../../api/objects.ts';
import type { Condition } from '../../api/run-status.ts';
import { findCondition } from '../../core/plan/conditions.ts';
import { CommandError, exitCode } from '../common/errors.ts';
import { sizeText, timeText, unknown } from '../common/figures.ts';
import type { Colours } from '../common/io.ts';
import { oneLine } from '../common/printable.ts';
import type { Ending } from '../common/until.ts';

// Undefined while it goes on. One that waits for a person counts as ended: nothing moves until that person acts.
export const endingOf = ({ status }: Backup): Ending | undefined => {
  const succeeded = findCondition(status?.conditions, 'Succeeded');
  if (succeeded?.status === 'True') {
    return {};
  }
  if (succeeded?.status === 'False') {
    return { error: failure(succeeded, status?.phase ?? 'Failed') };
  }
  const stalled = findCondition(status?.conditions, 'Stalled');
  return stalled?.status === 'True' ? { error: failure(stalled, 'waits for a person') } : undefined;
};

// How a condition says that it failed, with the remedy of its reason.
export const failure = ({ reason, message }: Condition, how: string): CommandError =>
  new CommandError(exitCode.failed, reason, `${how}: ${message}`, remedyOf(reason));

const remedyOf = (reason: string): string =>
  reason in reasons
    ? reasons[reason as ConditionReason].remedy
    : 'Mend what the message names. `kubectl holdfast logs` shows what went on.';

// What is worth knowing of a Backup that is complete.
export const endingText = (backup: Backup, { green }: Colours): string =>
  `${green('Complete:')} ${oneLine(backup.spec.type === 'Log' ? logText(backup) : sealedText(backup))}\n`;

const sealedText = ({ status = {} }: Backup): string => {
  const { size, bytes, duration = unknown, restorableTo, tiers = [] } = status;
  const further = tiers.slice(1).map(({ name, state }) => `${name} (${state})`);
  const copies = further.length === 0 ? '' : ` Copies: ${further.join(', ')}.`;
  return `${size ?? sizeText(bytes)} in ${duration}, restorable to ${timeText(restorableTo)}.${copies}`;
};

// It stored nothing of its own: what it found stands in its condition.
const logText = ({ status }: Backup): string => {
  const places = (status?.components ?? []).map(
    ({ name, timeline, storedLsn }) => `${name} up to ${storedLsn ?? unknown} on timeline ${timeline ?? unknown}`,
  );
  return [`in ${status?.duration ?? unknown}, ${places.join(', ')}.`, findCondition(status?.conditions, 'Succeeded')?.message ?? '']
    .join(' ')
    .trim();
};
