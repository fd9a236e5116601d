// Alerts about runs: the last ones failed, or none has ever ended well.
import { annotation } from '../../api/group.ts';
import type { AlertName } from '../../api/alerts.ts';
import type { Backup } from '../../api/objects.ts';
import { findCondition } from '../plan/conditions.ts';
import { durationMilliseconds, instantOf } from '../plan/time.ts';
import { nothing, open, openAfter, openSince, stay } from './incident.ts';
import type { AlertFacts, Finding } from './incident.ts';

// So many failures in a row show that trying again does not help.
const repeatedly = 3;

export const endOf = ({ status }: Backup): number | undefined => instantOf(status?.endTime);

// A backup of everything that ended well. One of a few components proves nothing about the others, and a Log nothing about backups.
export const isWhole = (backup: Backup): boolean => !isLog(backup) && endedWell(backup);

const endedWell = ({ spec, status }: Backup): boolean => status?.phase === 'Complete' && spec.components === undefined;

export const isLog = ({ spec }: Backup): boolean => spec.type === 'Log';

const isScheduled = ({ metadata }: Backup): boolean => metadata.annotations?.[annotation.slot] !== undefined;

export const hasFailed = ({ status }: Backup): boolean => status?.phase === 'Failed' || status?.phase === 'PartiallyFailed';

const oldestFirst = (a: Backup, b: Backup): number => (endOf(a) ?? 0) - (endOf(b) ?? 0);

// When everything succeeded last, by the Backup resources and by what the store itself said.
const lastSuccess = ({ policy, backups }: AlertFacts): number => {
  const ends = backups.filter(isWhole).map((backup) => endOf(backup) ?? 0);
  const slots = policy.spec.components.map(
    ({ name }) => instantOf(policy.status?.components?.find((component) => component.name === name)?.lastSuccessTime) ?? 0,
  );
  return Math.max(0, ...ends, Math.min(...slots));
};

// Runs of the schedule that failed since the last success. Somebody who started a run by hand sees it fail.
export const failedRuns = (facts: AlertFacts): Finding[] => {
  const success = lastSuccess(facts);
  const failed = facts.backups
    .filter((backup) => !isLog(backup) && isScheduled(backup) && hasFailed(backup) && (endOf(backup) ?? 0) > success)
    .toSorted(oldestFirst);
  const [first, last] = [failed.at(0), failed.at(-1)];
  if (first === undefined || last === undefined) {
    return [outlived(facts, 'HoldfastBackupFailed', success), outlived(facts, 'HoldfastBackupRepeatedlyFailing', success)];
  }
  const many = failed.length >= repeatedly || openSince(facts, 'HoldfastBackupRepeatedlyFailing') !== undefined;
  const name = many ? 'HoldfastBackupRepeatedlyFailing' : 'HoldfastBackupFailed';
  return [open(name, openSince(facts, name) ?? endOf(first) ?? 0, describeFailure(last))];
};

// The resources of failed runs may be deleted. That is no success.
const outlived = (facts: AlertFacts, name: AlertName, success: number): Finding =>
  success > (openSince(facts, name) ?? 0) ? nothing : stay(facts, name);

// Log runs of the schedule that failed since the last one that ended well. Only a Log makes up for that: a Full does not prove the archive.
export const failedLogs = (facts: AlertFacts): Finding => {
  const name = 'HoldfastLogBackupFailed';
  // Without a schedule nothing is promised, and nothing could ever resolve it.
  if (facts.policy.spec.schedules.log === undefined) {
    return nothing;
  }
  const logs = facts.backups.filter(isLog);
  const success = Math.max(0, ...logs.filter(endedWell).map((backup) => endOf(backup) ?? 0));
  const failed = logs.filter((backup) => isScheduled(backup) && hasFailed(backup) && (endOf(backup) ?? 0) > success).toSorted(oldestFirst);
  const [first, last] = [failed.at(0), failed.at(-1)];
  return first === undefined || last === undefined
    ? outlived(facts, name, success)
    : open(name, openSince(facts, name) ?? endOf(first) ?? 0, describeFailure(last));
};

const describeFailure = ({ metadata, status }: Backup): string => {
  const { reason, message } = findCondition(status?.conditions, 'Succeeded') ?? {};
  return `Backup ${metadata.name} ended ${status?.phase ?? 'Failed'}. ${reason ?? ''}: ${message ?? 'nothing more is known'}`;
};

// From then on the objective counts: before, nobody could have kept it.
export const promisedFrom = ({ now, policy }: AlertFacts): number =>
  (instantOf(policy.metadata.creationTimestamp) ?? now) + durationMilliseconds(policy.spec.objectives.rpo);

// The store was read and is empty, and the policy is older than what may be lost at most.
export const neverSucceeded = (facts: AlertFacts): Finding => {
  const { policy, backups } = facts;
  const primary = policy.status?.tiers?.find(({ name }) => name === policy.spec.tiers[0]?.name);
  const isEmpty = primary?.measuredTime !== undefined && primary.backups === 0 && (primary.refused ?? 0) === 0;
  const elsewhere = policy.status?.tiers?.some(({ latestBackupTime }) => latestBackupTime !== undefined);
  if (!isEmpty || elsewhere || backups.some(isWhole)) {
    return nothing;
  }
  const message = 'The store was read and holds no backup of this policy; no run has ended well so far.';
  return openAfter(facts, 0, 'HoldfastBackupNeverSucceeded', promisedFrom(facts), message);
};
