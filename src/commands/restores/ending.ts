// How a Restore ended, in words and as an exit code.
import type { Restore } from '../../api/objects.ts';
import type { Condition } from '../../api/run-status.ts';
import { findCondition } from '../../core/plan/conditions.ts';
import { failure } from '../backup/ending.ts';
import { CommandError, exitCode } from '../common/errors.ts';
import { durationText, timeText, unknown } from '../common/figures.ts';
import type { Colours } from '../common/io.ts';
import { oneLine } from '../common/printable.ts';
import type { Ending } from '../common/until.ts';
import { isRefusal } from './refusals.ts';

// Undefined while it goes on. One that waits for a person, or for an approval, counts as ended: nothing moves until somebody acts.
export const endingOf = (restore: Restore): Ending | undefined => {
  const { status } = restore;
  const succeeded = findCondition(status?.conditions, 'Succeeded');
  if (succeeded?.status === 'True') {
    return {};
  }
  if (succeeded?.status === 'False') {
    return { error: ended(succeeded) };
  }
  const approval = awaitsApproval(restore);
  if (approval !== undefined) {
    return { error: approval };
  }
  const stalled = findCondition(status?.conditions, 'Stalled');
  return stalled?.status === 'True' ? { error: failure(stalled, 'waits for a person') } : undefined;
};

const ended = (succeeded: Condition): CommandError => {
  const refused = isRefusal(succeeded.reason);
  const { code, message, next } = failure(succeeded, refused ? 'refused' : 'Failed');
  return new CommandError(refused ? exitCode.refused : exitCode.failed, code, message, next);
};

// Undefined where no approval is asked for now, or the one that was given has not been seen yet.
export const awaitsApproval = ({ metadata: { name, namespace }, spec, status }: Restore): CommandError | undefined =>
  status?.phase === 'AwaitingApproval' && (spec.approval === undefined || spec.approval.planHash !== status.plan?.hash)
    ? new CommandError(
        exitCode.failed,
        'ApprovalRequired',
        `waits for approval: the plan ${status.plan?.hash ?? ''} is made, and nothing is done until somebody approves it.`,
        `Read it: kubectl holdfast plan restore/${name} -n ${namespace}. Then: kubectl holdfast approve restore/${name} -n ${namespace}`,
      )
    : undefined;

// What is worth knowing of a Restore that is complete.
export const endingText = (restore: Restore, { green }: Colours): string =>
  [`${green('Complete:')} ${oneLine(`${whatText(restore)} ${tookText(restore)}`)}`, ...undoLines(restore), ''].join('\n');

const whatText = ({ spec, status }: Restore): string => {
  if (spec.source.restoreRef !== undefined) {
    return `what was there before ${spec.source.restoreRef.name} is back.`;
  }
  const parts = (status?.components ?? []).map(({ name, claimName, path, reachedLsn, timeline }) =>
    [
      name,
      ...(claimName === undefined ? [] : [`in ${claimName}${path === undefined ? '' : `/${path}`}`]),
      ...(reachedLsn === undefined ? [] : [`up to LSN ${reachedLsn}${timeline === undefined ? '' : ` on timeline ${timeline}`}`]),
    ].join(' '),
  );
  return `restored ${parts.join(', ') || 'and verified'}.`;
};

// Beside what was promised, where the policy promises something.
export const tookText = ({ status }: Restore): string => {
  const { objectiveSeconds, measuredSeconds } = status?.rto ?? {};
  const took = measuredSeconds === undefined ? (status?.duration ?? unknown) : durationText(measuredSeconds * 1000);
  if (objectiveSeconds === undefined || measuredSeconds === undefined) {
    return `It took ${took}.`;
  }
  const left = objectiveSeconds - measuredSeconds;
  const judged =
    left >= 0
      ? `the objective of ${durationText(objectiveSeconds * 1000)} is met`
      : `${durationText(-left * 1000)} more than the objective`;
  return `It took ${took}: ${judged}.`;
};

// How to take it back, while that can be done.
export const undoLines = ({ metadata: { name, namespace }, status }: Restore): string[] =>
  status?.undo?.state === 'Available'
    ? [
        `Undo it${status.undo.until === undefined ? '' : ` until ${timeText(status.undo.until)}`}: kubectl holdfast undo restore/${name} -n ${namespace}`,
      ]
    : [];
