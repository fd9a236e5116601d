// Restores of a policy: those that go on, and the newest one that has ended, with the way back while there is one.
import type { Restore } from '../../api/objects.ts';
import type { RestoreStatus } from '../../api/restore-status.ts';
import { findCondition } from '../../core/plan/conditions.ts';
import { instantOf } from '../../core/plan/time.ts';
import { distanceText, durationText, sizeText, timeText } from '../common/figures.ts';
import type { Colours } from '../common/io.ts';
import { paint } from '../common/paint.ts';
import { oneLine } from '../common/printable.ts';
import { progressNow } from '../restores/progress.ts';

export type RestoreActivity = {
  namespace: string;
  restore: string;
  phase: string;
  // When somebody asked for it.
  createdTime: string;
  stage?: string;
  stageTime?: string;
  startTime?: string;
  message?: string;
  progress?: NonNullable<RestoreStatus['progress']>;
};

export type EndedRestore = {
  restore: string;
  phase: string;
  endTime: string;
  reason?: string;
  message?: string;
  measuredSeconds?: number;
  // Only while it can be undone.
  undo?: { until?: string; command: string };
};

const isOpen = ({ status }: Restore): boolean => status?.endTime === undefined;

export const openRestores = (restores: Restore[]): Restore[] =>
  restores.filter(isOpen).toSorted((a, b) => a.metadata.creationTimestamp.localeCompare(b.metadata.creationTimestamp));

export const restoreActivity = ({ metadata, status = {} }: Restore): RestoreActivity => {
  const { phase = 'Pending', stage, stageTime, startTime, progress } = status;
  const message = findCondition(status.conditions, 'Succeeded')?.message;
  return {
    namespace: metadata.namespace,
    restore: metadata.name,
    createdTime: metadata.creationTimestamp,
    phase: metadata.deletionTimestamp === undefined ? phase : 'Stopping',
    ...(stage === undefined ? {} : { stage }),
    ...(stageTime === undefined ? {} : { stageTime }),
    ...(startTime === undefined ? {} : { startTime }),
    ...(message === undefined ? {} : { message }),
    ...(progress === undefined ? {} : { progress }),
  };
};

export const lastRestore = (restores: Restore[]): EndedRestore | undefined => {
  const ended = restores.filter((restore) => !isOpen(restore));
  const newest = ended.toSorted((a, b) => (instantOf(a.status?.endTime) ?? 0) - (instantOf(b.status?.endTime) ?? 0)).at(-1);
  if (newest?.status?.endTime === undefined) {
    return undefined;
  }
  const { metadata, status } = newest;
  const { reason, message } = findCondition(status.conditions, 'Succeeded') ?? {};
  const { measuredSeconds } = status.rto ?? {};
  const undo = status.undo?.state === 'Available' ? status.undo : undefined;
  return {
    restore: metadata.name,
    phase: status.phase ?? 'Failed',
    endTime: newest.status.endTime,
    ...(reason === undefined ? {} : { reason }),
    ...(message === undefined ? {} : { message }),
    ...(measuredSeconds === undefined ? {} : { measuredSeconds }),
    ...(undo === undefined
      ? {}
      : {
          undo: {
            ...(undo.until === undefined ? {} : { until: undo.until }),
            command: `kubectl holdfast undo restore/${metadata.name} -n ${metadata.namespace}`,
          },
        }),
  };
};

// One line for how far it is; another one where somebody must act.
export const openTexts = (activity: RestoreActivity, now: number): string[] => {
  const { restore, namespace, phase, stage, stageTime, createdTime, message } = activity;
  const ago = (time: string | undefined): string => durationText(Math.max(0, now - (instantOf(time) ?? now)));
  const inStage = stageTime === undefined ? '' : `, in this stage ${ago(stageTime)}`;
  const progress = progressNow(activity);
  const step =
    progress === undefined
      ? ''
      : `, ${progress.component === undefined ? '' : `${progress.component}: `}${progress.phase} ${sizeText(progress.bytes)}`;
  const what = phase === 'Stopping' ? phase : (stage ?? phase);
  return [
    oneLine(`${restore} ${what} (${ago(createdTime)}${inStage})${step}${message === undefined ? '' : `: ${message}`}`),
    ...(phase === 'AwaitingApproval'
      ? [
          `Read its plan: kubectl holdfast plan restore/${restore} -n ${namespace}`,
          `Then: kubectl holdfast approve restore/${restore} -n ${namespace}`,
        ]
      : []),
  ];
};

export const endedTexts = (ended: EndedRestore, now: number, colours: Colours): string[] => {
  const { restore, phase, endTime, reason, message = '', measuredSeconds, undo } = ended;
  const took = measuredSeconds === undefined ? '' : `, in ${durationText(measuredSeconds * 1000)}`;
  return [
    `${paint(phase, colours)} ${distanceText(endTime, now)}: ${restore}${took}`,
    ...(phase === 'Complete' ? [] : [oneLine(`${reason ?? ''}: ${message}`)]),
    ...(undo === undefined ? [] : [`Undo it${undo.until === undefined ? '' : ` until ${timeText(undo.until)}`}: ${undo.command}`]),
  ];
};
