// Dropping one slot: Jobs, one attempt after the other, until a server has said that the slot is gone.
import type { SlotFacts } from '../../api/slot-status.ts';
import { deleteJobs, stopJob } from '../jobs/facts.ts';
import type { JobFacts } from '../jobs/facts.ts';
import { judge } from '../jobs/judge.ts';
import type { Verdict } from '../jobs/judge.ts';
import { createJob } from '../jobs/request.ts';
import type { Action } from '../jobs/request.ts';
import { cut } from '../plan/conditions.ts';
import { jobName } from '../plan/names.ts';
import { doubling, durationMilliseconds, hour, instantOf, isoTime, minute, second } from '../plan/time.ts';
import type { PolicyObserved } from '../policy/observed.ts';
import type { WantedSlot } from './wanted.ts';

export type Dropping = NonNullable<SlotFacts['dropping']>;
export type LeavingSlot = SlotFacts & { dropping: Dropping };

export type DropStep = {
  actions: Action[];
  // Undefined: it is gone.
  slot?: SlotFacts;
  // The server said so, or the slot is not ours: then with what to tell.
  gone?: { time: string; told?: string };
  againMilliseconds?: number;
};

const longestMessage = 512;
// A receiver that was told to stop has so long before its slot is dropped under it.
const receiverPatienceMilliseconds = 2 * minute;
const lookMilliseconds = 5 * second;
const dropMilliseconds = 4 * minute;
const longestStartMilliseconds = 5 * minute;

// Somebody waits for a deletion; else a server may be away for long.
const backoff = (attempt: number, { reason }: Dropping): number =>
  reason === 'PolicyDeleted' || reason === 'Uninstalled' ? doubling(attempt, 5 * second, minute) : doubling(attempt, 30 * second, hour);

// What an attempt is called: the same decision always makes the same Job.
export const dropJobName = (
  { policy, hash }: PolicyObserved,
  component: string,
  { name, dropping }: LeavingSlot,
  attempt: number,
): string => jobName(policy.metadata.name, hash(`${policy.metadata.uid}/${component}/${name}/${dropping.since}`), 'drop-slot', attempt);

export const isDropJob = ({ verb, name }: JobFacts): boolean => verb === 'receive' && /-drop-slot-\d+$/.test(name);

export type DropInput = {
  component: string;
  slot: LeavingSlot;
  // The slot that the component has now, where this one may be the same under another address.
  current?: WantedSlot;
  isReceiverThere: boolean;
};

export const dropStep = (observed: PolicyObserved, input: DropInput): DropStep => {
  const { component, slot, isReceiverThere } = input;
  const { dropping } = slot;
  const { now } = observed;
  if (dropping.attempt === 0) {
    const patience = (instantOf(dropping.since) ?? now) + receiverPatienceMilliseconds - now;
    return isReceiverThere && patience > 0
      ? { actions: [], slot, againMilliseconds: Math.min(lookMilliseconds, patience) }
      : attempted(observed, input, 1);
  }
  const job = observed.jobs.find(({ name }) => name === dropJobName(observed, component, slot, dropping.attempt));
  const next = instantOf(dropping.nextAttemptTime);
  if (next !== undefined) {
    return next > now ? { actions: stopJob(job), slot, againMilliseconds: next - now } : attempted(observed, input, dropping.attempt + 1);
  }
  return judged(observed, input, job, judge(job, { verb: 'receive', component }, deadlines(observed), now));
};

const deadlines = ({ policy }: PolicyObserved) => ({
  startMilliseconds: Math.min(longestStartMilliseconds, durationMilliseconds(policy.spec.jobs.deadlines.start)),
  runMilliseconds: dropMilliseconds,
});

const judged = (observed: PolicyObserved, { slot }: DropInput, job: JobFacts | undefined, verdict: Verdict): DropStep => {
  const { dropping } = slot;
  switch (verdict.type) {
    case 'Waiting':
      // What the server answered before says more of the slot than a pod that does not start yet.
      return { actions: [], slot: dropping.attempt > 1 ? slot : said(slot, verdict.message), againMilliseconds: verdict.againMilliseconds };
    case 'Running':
      return { actions: [], slot, againMilliseconds: verdict.againMilliseconds };
    case 'Succeeded':
      return { actions: [], gone: { time: verdict.result.time } };
    case 'Failed':
      if (verdict.code === 'SlotForeign') {
        return { actions: [], gone: { time: isoTime(verdict.endTime), told: verdict.message } };
      }
      break;
    case 'Lost':
      break;
  }
  const nextAttemptTime = isoTime(observed.now + backoff(dropping.attempt, dropping));
  const failed = said(slot, `${'code' in verdict && verdict.code !== undefined ? `${verdict.code}: ` : ''}${verdict.message}`);
  return {
    actions: stopJob(job),
    slot: { ...failed, dropping: { ...failed.dropping, nextAttemptTime } },
    againMilliseconds: backoff(dropping.attempt, dropping),
  };
};

const said = (slot: LeavingSlot, message: string | undefined): LeavingSlot => ({
  ...slot,
  dropping: { ...slot.dropping, ...(message === undefined ? {} : { message: cut(message, longestMessage) }) },
});

// Without an image there can be no Job: it is tried again.
const attempted = (observed: PolicyObserved, { component, slot, current }: DropInput, attempt: number): DropStep => {
  const { nextAttemptTime: _, ...dropping } = slot.dropping;
  if (observed.agentMajors.length === 0) {
    const known = said(slot, 'The operator has no agent image. Name one in agent.images of the values of the chart.');
    return { actions: [], slot: known, againMilliseconds: minute };
  }
  const [primary] = observed.policy.spec.tiers;
  const { name, connection } = slot;
  const request = {
    name: dropJobName(observed, component, slot, attempt),
    verb: 'receive' as const,
    attempt,
    owner: 'BackupPolicy' as const,
    tier: primary?.name ?? '',
    component,
    dropSlot: {
      name,
      connection,
      deadlineSeconds: dropMilliseconds / second,
      ...(current === undefined ? {} : { unless: current.connection }),
    },
  };
  return { actions: [createJob(request)], slot: { ...slot, dropping: { ...dropping, attempt } }, againMilliseconds: lookMilliseconds };
};

// It shall stay after all. A Job that may still drop it is waited for, and stopped.
export const calledOff = (observed: PolicyObserved, component: string, slot: LeavingSlot): DropStep => {
  const job = observed.jobs.find(({ name }) => name === dropJobName(observed, component, slot, slot.dropping.attempt));
  if (job !== undefined && job.state.type !== 'Ended') {
    return { actions: deleteJobs([job]), slot, againMilliseconds: lookMilliseconds };
  }
  const verdict = job && judge(job, { verb: 'receive', component }, deadlines(observed), observed.now);
  if (verdict?.type === 'Succeeded') {
    return { actions: [], gone: { time: verdict.result.time } };
  }
  const { dropping: _, ...kept } = slot;
  return { actions: [], slot: kept };
};
