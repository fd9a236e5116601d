// Everything that `status` says of one policy. `-o json` prints it as it is; pages and tables are made from it.
import type { Backup, BackupPolicy, Restore } from '../../api/objects.ts';
import type { PolicyStatus } from '../../api/policy.ts';
import type { Condition } from '../../api/run-status.ts';
import { objectiveNow } from '../common/objective.ts';
import type { Objective } from '../common/objective.ts';
import type { Finding } from '../doctor/finding.ts';
import { exposureOf } from './exposure.ts';
import type { Exposure } from './exposure.ts';
import { lastRestore, openRestores, restoreActivity } from './restores.ts';
import type { EndedRestore, RestoreActivity } from './restores.ts';
import { activities, lastLog, lastRun } from './running.ts';
import type { Activity, EndedRun } from './running.ts';

export type PolicyReport = {
  namespace: string;
  name: string;
  suspended: boolean;
  // False: the operator has not seen the newest spec yet, so the rest is about an older one.
  current: boolean;
  repositoryId?: string;
  // Why no operator works; everything else here is from when one did.
  operator?: Finding;
  conditions: Condition[];
  // What is wrong now, and whether anybody was told.
  alerts: NonNullable<PolicyStatus['alerts']>;
  exposure: Exposure;
  // Whether what was promised holds now.
  objective: Objective;
  // How the slots of the schedules fared.
  successRate?: Omit<NonNullable<PolicyStatus['successRate']>, 'days'>;
  logSuccessRate?: Omit<NonNullable<PolicyStatus['logSuccessRate']>, 'days'>;
  // The WAL archive of each component that has one.
  archives: NonNullable<PolicyStatus['walArchive']>;
  // Which instants the archived WAL leads to.
  recoverability?: NonNullable<PolicyStatus['recoverability']>;
  latestBackup?: NonNullable<PolicyStatus['latestBackup']> & { time?: string };
  tiers: NonNullable<PolicyStatus['tiers']>;
  components: NonNullable<PolicyStatus['components']>;
  running: Activity[];
  lastRun?: EndedRun;
  lastLog?: EndedRun;
  // Why nothing is said of Restores.
  restoresUnread?: string;
  restoring: RestoreActivity[];
  lastRestore?: EndedRestore;
  next: NonNullable<PolicyStatus['next']>;
};

// The Backup and Restore resources of the namespace, of whatever policy.
export type Runs = { backups: Backup[]; restores?: Restore[] };

export const policyReport = (policy: BackupPolicy, { backups, restores = [] }: Runs, now: number): PolicyReport => {
  const { metadata, spec, status = {} } = policy;
  const own = backups.filter((backup) => backup.spec.policyRef.name === metadata.name);
  const ownRestores = restores.filter(({ spec: { source } }) => source.policyRef.name === metadata.name);
  const ended = lastRestore(ownRestores);
  const last = lastRun(own);
  const log = lastLog(own);
  // What the spec names and the status does not know is there, without figures.
  const tiers = spec.tiers.map(({ name }) => status.tiers?.find((tier) => tier.name === name) ?? { name });
  const latestTime = tiers[0]?.latestBackupTime;
  return {
    namespace: metadata.namespace,
    name: metadata.name,
    suspended: spec.suspend,
    current: status.observedGeneration === metadata.generation,
    ...(status.repositoryId === undefined ? {} : { repositoryId: status.repositoryId }),
    conditions: status.conditions ?? [],
    alerts: status.alerts ?? [],
    exposure: exposureOf(policy, now),
    objective: objectiveNow(policy, now),
    ...(status.successRate === undefined ? {} : { successRate: withoutDays(status.successRate) }),
    ...(status.logSuccessRate === undefined ? {} : { logSuccessRate: withoutDays(status.logSuccessRate) }),
    archives: status.walArchive ?? [],
    ...(status.recoverability === undefined ? {} : { recoverability: status.recoverability }),
    ...(status.latestBackup === undefined
      ? {}
      : { latestBackup: { ...status.latestBackup, ...(latestTime === undefined ? {} : { time: latestTime }) } }),
    tiers,
    components: spec.components.map(({ name }) => status.components?.find((component) => component.name === name) ?? { name }),
    running: activities(own),
    ...(last === undefined ? {} : { lastRun: last }),
    ...(log === undefined ? {} : { lastLog: log }),
    restoring: openRestores(ownRestores).map(restoreActivity),
    ...(ended === undefined ? {} : { lastRestore: ended }),
    next: status.next ?? [],
  };
};

const withoutDays = <Rate extends { days?: unknown }>(rate: Rate): Omit<Rate, 'days'> => {
  const { days: _, ...sums } = rate;
  return sums;
};
