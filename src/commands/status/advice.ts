// What to do next, the most pressing first. Nothing where all is well.
import { alerts } from '../../api/alerts.ts';
import { reasons } from '../../api/conditions.ts';
import type { ConditionReason } from '../../api/conditions.ts';
import { findCondition } from '../../core/plan/conditions.ts';
import type { PolicyReport } from './report.ts';
import { isBad } from './running.ts';

const mostSteps = 3;

export const adviceFor = (report: PolicyReport): string[] => {
  const { namespace, name, objective, lastRun, lastLog, conditions } = report;
  const where = `${name} -n ${namespace}`;
  const stalled = findCondition(conditions, 'Stalled');
  const storage = findCondition(conditions, 'StorageHealthy');
  const steps = [
    ...(report.operator?.next === undefined ? [] : [report.operator.next]),
    ...(stalled?.status === 'True' ? [remedyOf(stalled.reason)] : []),
    ...(report.suspended ? ['Set spec.suspend to false when backups shall run again.'] : []),
    ...report.alerts.filter(({ resolvedTime }) => resolvedTime === undefined).map((alert) => alerts[alert.name].action),
    ...(storage?.status === 'False' ? [remedyOf(storage.reason)] : []),
    ...[lastRun, lastLog].flatMap((run) => (run !== undefined && isBad(run) ? [remedyOf(run.reason ?? '')] : [])),
    ...(['Missed', 'Aging', 'NothingStored'].includes(objective.state) ? [`Start a backup: kubectl holdfast backup ${where} --wait`] : []),
    ...(objective.state === 'Unknown' && conditions.length > 0 ? ['See why the store is not being read.'] : []),
  ];
  const distinct = [...new Set(steps)];
  return distinct.length === 0 ? [] : [...distinct.slice(0, mostSteps), `More: kubectl holdfast doctor ${where}`];
};

const remedyOf = (reason: string): string =>
  reason in reasons ? reasons[reason as ConditionReason].remedy : 'Mend what the message names.';
