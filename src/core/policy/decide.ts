// What to do about a BackupPolicy.
import type { PolicyStatus } from '../../api/policy.ts';
import type { WalArchiveStatus } from '../../api/wal-status.ts';
import type { Action } from '../jobs/request.ts';
import { dropConditions, setConditions } from '../plan/conditions.ts';
import type { NewCondition } from '../plan/conditions.ts';
import { soonest } from '../plan/time.ts';
import { archives, stopReceivers } from '../receiver/archives.ts';
import { slotLeft } from '../receiver-slots/condition.ts';
import { release } from '../receiver-slots/release.ts';
import { receiverSlots } from '../receiver-slots/slots.ts';
import { suspendedArchiving, suspendedTime } from '../receiver-slots/wanted.ts';
import { withSlots } from '../receiver-slots/with-slots.ts';
import { adoption } from './adoption.ts';
import { capacity } from './capacity.ts';
import { copies } from './copies.ts';
import { history } from './history.ts';
import { inspections } from './inspections.ts';
import type { PolicyDecision, PolicyObserved } from './observed.ts';
import { rpo } from './rpo.ts';
import { rto } from './rto.ts';
import { fullForWal } from './full-for-wal.ts';
import { slots } from './slots.ts';
import { storageHealth } from './storage-health.ts';
import { logSuccessRate, successRate } from './success-rate.ts';
import { summary } from './summary.ts';
import { policyProblem } from './validate.ts';
import type { Problem } from './validate.ts';
import { verified } from './verified.ts';

// The first fact that applies answers.
export const decidePolicy = (observed: PolicyObserved): PolicyDecision => leaving(observed) ?? invalid(observed) ?? armed(observed);

// Deleting a policy deletes no data. Its Jobs and receivers go with it, by their owner reference; what it has on servers is dropped before.
const leaving = (observed: PolicyObserved): PolicyDecision | undefined =>
  observed.policy.metadata.deletionTimestamp === undefined && observed.uninstalling === undefined
    ? undefined
    : withActions(stopReceivers(observed), release(observed));

const withActions = (actions: Action[], decision: PolicyDecision): PolicyDecision => ({
  ...decision,
  actions: [...actions, ...decision.actions],
});

// It cannot work as it is written. What was known of the store stays in the status.
const invalid = (observed: PolicyObserved): PolicyDecision | undefined => {
  const { policy, agentMajors, now } = observed;
  const problem = policyProblem(policy, agentMajors, now);
  if (problem === undefined) {
    return undefined;
  }
  const { next: _, ...before } = withoutArchiving(policy.status ?? {});
  const { reason, message }: Problem = problem;
  const receiving = receiverSlots(observed, false);
  return {
    actions: [...stopReceivers(observed), ...receiving.actions],
    status: withConditions(observed, { ...before, ...archiving(observed, receiving.walArchive) }, [
      { type: 'Ready', status: 'False', reason, message },
      { type: 'Stalled', status: 'True', reason, message },
    ]),
    ...(receiving.againMilliseconds === undefined ? {} : { againMilliseconds: receiving.againMilliseconds }),
  };
};

const armed = (observed: PolicyObserved): PolicyDecision => {
  const { policy, missingClaims } = observed;
  const due = slots(observed);
  const reading = inspections(observed);
  const copying = copies(observed);
  const taking = adoption(observed);
  const receiving = receiverSlots(observed);
  const asking = fullForWal(observed, receiving.walArchive, due.status.next);
  const receivers = archives(observed);
  const walArchive = withSlots(receivers.status, asking.walArchive);
  const {
    next: _next,
    lastScheduleTime: _last,
    lastLogScheduleTime: _lastLog,
    latestBackup: _latest,
    successRate: _rate,
    logSuccessRate: _logRate,
    recoverability: _window,
    ...before
  } = withoutArchiving(policy.status ?? {});
  const read = summary(observed, walArchive);
  const exposure = rpo(observed, read.tiers ?? [], walArchive);
  const comingBack = rto(observed);
  const rate = successRate(observed, due);
  const logRate = logSuccessRate(observed, due.log);
  const status = {
    ...before,
    ...due.status,
    ...read,
    ...taking.status,
    ...archiving(observed, walArchive),
    rpo: exposure.status,
    rto: comingBack.status,
    ...(rate === undefined ? {} : { successRate: rate }),
    ...(logRate === undefined ? {} : { logSuccessRate: logRate }),
  };
  const left = slotLeft(receiving.walArchive);
  const conditions: NewCondition[] = [
    ready(observed, due.status),
    exposure.condition,
    ...(comingBack.condition === undefined ? [] : [comingBack.condition]),
    due.condition,
    storageHealth(observed, reading.readings),
    verified(observed, read.tiers ?? []),
    capacity(observed, read.tiers ?? []),
    ...(receivers.condition === undefined ? [] : [receivers.condition]),
    ...left,
  ];
  const wait = soonest(
    taking.againMilliseconds,
    receiving.againMilliseconds,
    asking.againMilliseconds,
    due.againMilliseconds,
    reading.againMilliseconds,
    copying.againMilliseconds,
    exposure.againMilliseconds,
    receivers.againMilliseconds,
  );
  return {
    actions: [
      ...missingClaims.map((tier): Action => ({ type: 'createClaim', tier })),
      ...receivers.actions,
      ...due.actions,
      ...copying.actions,
      ...taking.actions,
      ...receiving.actions,
      ...asking.actions,
      ...reading.actions,
      ...history(observed),
    ],
    status: withConditions(
      observed,
      {
        ...status,
        conditions: dropConditions(
          before.conditions ?? [],
          'Stalled',
          ...(receivers.condition === undefined ? ['ArchivingHealthy' as const] : []),
          ...(left.length === 0 ? ['SlotLeft' as const] : []),
        ),
      },
      conditions,
    ),
    ...(wait === undefined ? {} : { againMilliseconds: wait }),
  };
};

// What an hour of suspension is counted by, and the slots.
const archiving = ({ policy, now }: PolicyObserved, walArchive: WalArchiveStatus[]): Pick<PolicyStatus, 'walArchive' | 'suspendedTime'> => {
  const since = suspendedTime(policy, now);
  return { ...(walArchive.length === 0 ? {} : { walArchive }), ...(since === undefined ? {} : { suspendedTime: since }) };
};

const withoutArchiving = ({ walArchive: _archive, suspendedTime: _since, ...status }: PolicyStatus): PolicyStatus => status;

const ready = ({ policy, now }: PolicyObserved, { next }: Pick<PolicyStatus, 'next'>): NewCondition => {
  if (policy.spec.suspend) {
    const message = `spec.suspend is true: no schedule starts a run.${suspendedArchiving(policy, now)}`;
    return { type: 'Ready', status: 'True', reason: 'Suspended', message };
  }
  const plan = next?.[0] === undefined ? 'No schedule is set: runs start by hand only.' : 'The schedules run.';
  return { type: 'Ready', status: 'True', reason: 'Armed', message: `The policy is valid. ${plan}` };
};

const withConditions = ({ policy, now }: PolicyObserved, status: PolicyStatus, wanted: NewCondition[]): PolicyStatus => ({
  ...status,
  observedGeneration: policy.metadata.generation,
  conditions: setConditions(status.conditions ?? [], wanted, { now, generation: policy.metadata.generation }),
});
