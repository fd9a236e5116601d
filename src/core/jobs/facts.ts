// A Job, its pod and what the pod printed, as decisions see them.
import type { AgentResult, EntryLine, ProgressLine, WindowLine } from '../../api/agent.ts';
import type { PlannedComponent } from '../../api/restore-status.ts';
import type { Action, JobVerb } from './request.ts';

export type JobState =
  // The container has not started. `message` says why, where that is known.
  | ({ type: 'Waiting'; message?: string } & Leaving)
  // `planned`: what a restore has said that it does.
  | ({ type: 'Running'; progress?: ProgressLine; planned?: PlannedComponent } & Leaving)
  // It ended, and what it printed has not been read to the end yet.
  | { type: 'Reading' }
  // It ended. No result: nobody knows what it did; `message` says what is known. `entries` is there once the whole log was read.
  | {
      type: 'Ended';
      endTime: number;
      started: boolean;
      result?: AgentResult;
      entries?: EntryLine[];
      // What the WAL of components leads to; there under the same condition.
      windows?: WindowLine[];
      cause?: EndCause;
      message?: string;
    };

// `leavesBy`: its pod was deleted, and is gone by then wherever its node still works.
export type Leaving = { leavesBy?: number };

// Why a Job ended without the agent's doing.
export type EndCause = 'Deadline' | 'Interrupted';

export type JobFacts = {
  name: string;
  uid: string;
  // False: the name is taken by a Job that we did not make for this owner.
  ours: boolean;
  deleting: boolean;
  verb: JobVerb;
  attempt: number;
  component?: string;
  tier?: string;
  backupId?: string;
  // The owner's uid.
  ownerUid?: string;
  createdTime: number;
  state: JobState;
};

// Deletes Jobs of ours that are not on their way out already.
export const deleteJobs = (jobs: readonly (JobFacts | undefined)[]): Action[] =>
  jobs.flatMap((job) => (job === undefined || !job.ours || job.deleting ? [] : [{ type: 'deleteJob', name: job.name, uid: job.uid }]));

// Stops a Job that took too long, if it still runs. One that has ended stays, to be looked at.
export const stopJob = (job: JobFacts | undefined): Action[] => (job?.state.type === 'Ended' ? [] : deleteJobs([job]));
