// From a Job, the pods that belong to it, and what was read of their output, to one state.
import type { V1Job, V1JobCondition, V1Pod } from '@kubernetes/client-node';
import type { AgentResult, EntryLine, ProgressLine, WindowLine } from '../../api/agent.ts';
import type { PlannedComponent } from '../../api/restore-status.ts';
import { instantOf } from '../plan/time.ts';
import type { EndCause, JobState } from './facts.ts';
import { agentContainer, podStart } from './pod-waiting.ts';
import { withRemedy } from './start-remedy.ts';

// What is known of the output of a Job's pod. `complete`: read to the end, or nothing more can be had.
export type Output = {
  complete: boolean;
  result?: AgentResult;
  entries: EntryLine[];
  entriesComplete: boolean;
  // All of them, once that is known.
  windows?: WindowLine[];
  progress?: ProgressLine;
  // What a restore has said that it does.
  planned?: PlannedComponent;
};

export type StateInput = {
  job: V1Job;
  // Pods whose controller is this Job.
  pods: V1Pod[];
  output?: Output;
  // The result in the pod's termination message, where there is one.
  terminationResult?: AgentResult;
  // What the newest warning among the pod's events says.
  eventMessage?: string;
  // Whether the entries matter: then the log must have been read.
  needsEntries: boolean;
};

// What Kubernetes says of the end of a Job; undefined while it has none.
export const finishedCondition = ({ status }: V1Job): V1JobCondition | undefined =>
  status?.conditions?.find((each) => (each.type === 'Failed' || each.type === 'Complete') && each.status === 'True');

export const jobState = (input: StateInput): JobState => {
  const { job, pods } = input;
  const [pod] = pods;
  const finished = finishedCondition(job);
  // A Job of ours has one pod. With several, somebody made one that claims to be it: none is believed.
  if (pods.length > 1) {
    return finished === undefined
      ? { type: 'Running' }
      : ended(input, { cause: 'Interrupted', message: 'Several pods claim to be of this Job; none is believed.' });
  }
  const terminated = pod?.status?.containerStatuses?.find(({ name }) => name === agentContainer)?.state?.terminated;
  const podEnded = terminated !== undefined || pod?.status?.phase === 'Failed' || pod?.status?.phase === 'Succeeded';
  if (finished === undefined && !podEnded) {
    return pod === undefined ? { type: 'Waiting', message: withRemedy(input.eventMessage ?? 'The Job has no pod yet.') } : live(input, pod);
  }
  const result = input.terminationResult ?? input.output?.result;
  const unread = pod !== undefined && input.output?.complete !== true;
  if (unread && (result === undefined || input.needsEntries)) {
    return { type: 'Reading' };
  }
  return ended(input, whyEnded(finished?.reason, pod));
};

const live = ({ output, eventMessage }: StateInput, pod: V1Pod): JobState => {
  const { started, message = eventMessage } = podStart(pod);
  const { deletionTimestamp } = pod.metadata ?? {};
  const leaving = deletionTimestamp === undefined ? {} : { leavesBy: kubeTime(deletionTimestamp) };
  if (started) {
    return {
      type: 'Running',
      ...leaving,
      ...(output?.progress === undefined ? {} : { progress: output.progress }),
      ...(output?.planned === undefined ? {} : { planned: output.planned }),
    };
  }
  return { type: 'Waiting', ...leaving, ...(message === undefined ? {} : { message: withRemedy(message) }) };
};

const ended = (input: StateInput, { cause, message }: { cause?: EndCause; message?: string }): JobState => {
  const { job, pods, output } = input;
  const status = pods.length === 1 ? pods[0]?.status?.containerStatuses?.find(({ name }) => name === agentContainer) : undefined;
  const time =
    status?.state?.terminated?.finishedAt ?? job.status?.completionTime ?? lastTransition(job) ?? job.metadata?.creationTimestamp;
  const result = pods.length > 1 ? undefined : (input.terminationResult ?? output?.result);
  return {
    type: 'Ended',
    endTime: kubeTime(time),
    started: status?.state?.terminated !== undefined || result !== undefined,
    ...(result === undefined ? {} : { result }),
    ...(output?.complete === true && output.entriesComplete && pods.length <= 1 ? { entries: output.entries } : {}),
    ...(output?.complete === true && output.windows !== undefined && pods.length <= 1 ? { windows: output.windows } : {}),
    ...(cause === undefined ? {} : { cause }),
    ...(message === undefined ? {} : { message }),
  };
};

const lastTransition = (job: V1Job): Date | undefined => job.status?.conditions?.at(-1)?.lastTransitionTime;

// The library's types say Date; what comes over the wire is text.
export const kubeTime = (time: Date | string | undefined): number => (time instanceof Date ? time.getTime() : (instantOf(time) ?? 0));

const whyEnded = (jobReason: string | undefined, pod: V1Pod | undefined): { cause?: EndCause; message?: string } => {
  if (jobReason === 'DeadlineExceeded' || pod?.status?.reason === 'DeadlineExceeded') {
    return { cause: 'Deadline' };
  }
  if (pod === undefined) {
    return { cause: 'Interrupted', message: 'The pod is gone and left no result.' };
  }
  const terminated = pod.status?.containerStatuses?.find(({ name }) => name === agentContainer)?.state?.terminated;
  if (terminated?.reason === 'OOMKilled') {
    return { cause: 'Interrupted', message: 'The pod was killed for want of memory (OOMKilled). Raise spec.jobs.resources.limits.memory.' };
  }
  if (pod.status?.reason !== undefined) {
    return { cause: 'Interrupted', message: `The pod was stopped: ${pod.status.reason}: ${pod.status.message ?? ''}`.replace(/: $/, '') };
  }
  return { cause: 'Interrupted', message: `The pod ended with exit code ${terminated?.exitCode ?? 'unknown'} and left no result.` };
};
