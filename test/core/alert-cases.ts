// A policy that is well, and what is broken in it, for the tests of alerts.
import type { AlertName } from '../../src/api/alerts.ts';
import { annotation } from '../../src/api/group.ts';
import type { Backup } from '../../src/api/objects.ts';
import type { AlertStatus, PolicyStatus } from '../../src/api/policy.ts';
import type { Condition } from '../../src/api/run-status.ts';
import { incidentsOf } from '../../src/core/alerts/incidents.ts';
import { makeBackup, makePolicy, start } from './fixtures.ts';
import { iso } from './policy-cases.ts';

export const minute = 60_000;
export const hour = 60 * minute;
export const now = start + 10 * hour;
export const before = (milliseconds: number): string => iso(now - milliseconds);

export const condition = (
  type: string,
  status: Condition['status'],
  reason: string,
  since = hour,
  message = `${type} says so`,
): Condition => ({
  type,
  status,
  reason,
  message,
  lastTransitionTime: before(since),
});

// A run that ended some hours ago.
export const run = (
  hoursAgo: number,
  phase: 'Complete' | 'Failed' | 'PartiallyFailed',
  given: { manual?: boolean; cloud?: string } = {},
): Backup =>
  makeBackup(
    {
      phase,
      endTime: before(hoursAgo * hour),
      conditions: [condition('Succeeded', phase === 'Complete' ? 'True' : 'False', 'SourceFailed', 0, 'db: no route')],
      tiers: [
        { name: 'local', state: 'Sealed' },
        { name: 'cloud', state: (given.cloud ?? 'Sealed') as 'Sealed', message: 'no such bucket' },
      ],
    },
    {
      name: `run-${hoursAgo}`,
      uid: `run-${hoursAgo}`,
      creationTimestamp: before(hoursAgo * hour),
      ...(given.manual === true ? {} : { annotations: { [annotation.slot]: before(hoursAgo * hour) } }),
    },
  );

const healthy = (): PolicyStatus => ({
  observedGeneration: 1,
  rpo: { objectiveSeconds: 86_400, restorableTime: before(3 * hour) },
  components: [
    { name: 'db', lastSuccessTime: before(3 * hour), restorableTo: before(3 * hour) },
    { name: 'stock', lastSuccessTime: before(3 * hour), restorableTo: before(3 * hour) },
  ],
  tiers: [
    { name: 'local', latestBackupTime: before(3 * hour), backups: 1, refused: 0, measuredTime: before(hour) },
    { name: 'cloud', latestBackupTime: before(3 * hour), backups: 1, refused: 0, measuredTime: before(hour) },
  ],
  conditions: [
    condition('Ready', 'True', 'Armed'),
    condition('RPOMet', 'True', 'RestorePointFresh'),
    condition('OnSchedule', 'True', 'OnTime'),
    condition('StorageHealthy', 'True', 'AllVerified'),
  ],
});

export type Broken = {
  conditions?: Condition[];
  status?: Partial<PolicyStatus>;
  backups?: Backup[];
  spec?: object;
  alerts?: AlertStatus[];
};

const factsOf = ({ conditions = [], status = {}, backups = [run(3, 'Complete')], spec = {}, alerts }: Broken) => {
  const whole = healthy();
  const kept = (whole.conditions ?? []).filter(({ type }) => !conditions.some((each) => each.type === type));
  const policy = makePolicy(
    { schedules: { full: { cron: '0 2 * * *' } }, ...spec },
    { ...whole, ...status, conditions: [...kept, ...conditions], ...(alerts === undefined ? {} : { alerts }) },
  );
  return { now, policy, backups };
};
export const incidents = (broken: Broken) => incidentsOf(factsOf(broken));
export const names = (broken: Broken): string[] => incidents(broken).incidents.map(({ name }) => name.replace('Holdfast', ''));

export const opened = (name: AlertName, given: Partial<AlertStatus> = {}): AlertStatus => ({
  name,
  severity: 'critical',
  since: before(2 * hour),
  message: 'as it was',
  ...given,
});

export const nothingStored: Partial<PolicyStatus> = {
  rpo: {},
  components: [{ name: 'db' }, { name: 'stock' }],
  tiers: [
    { name: 'local', backups: 0, refused: 0, measuredTime: before(hour) },
    { name: 'cloud', backups: 0, refused: 0, measuredTime: before(hour) },
  ],
};
export const rpoUnknown = condition('RPOMet', 'Unknown', 'FactsStale', 2 * hour);
export const rpoViolated = condition('RPOMet', 'False', 'RestorePointTooOld');

// What is wrong with the WAL archive, and the alerts that it raises.
export const archivingCases: { what: string; broken: Broken; raises: string[] }[] = [
  {
    what: 'WAL is not archived',
    broken: { conditions: [condition('ArchivingHealthy', 'False', 'SlotUnsafe', 6 * minute)] },
    raises: ['ArchivingFailed'],
  },
  {
    what: 'a server that restarts',
    broken: { conditions: [condition('ArchivingHealthy', 'False', 'SourceUnreachable', 4 * minute)] },
    raises: [],
  },
  {
    what: 'a receiver that does not begin',
    broken: { conditions: [condition('ArchivingHealthy', 'Unknown', 'ReceiverStarting', 16 * minute)] },
    raises: ['ArchivingFailed'],
  },
  {
    what: 'an archive that is suspended',
    broken: { conditions: [condition('ArchivingHealthy', 'Unknown', 'Suspended', hour)] },
    raises: [],
  },
  {
    what: 'a tier has not followed the WAL for long',
    broken: {
      conditions: [condition('ArchivingHealthy', 'True', 'TierBehind')],
      status: { walArchive: [{ component: 'db', followers: [{ tier: 'cloud', storedTime: before(16 * minute), problem: 'x' }] }] },
    },
    raises: ['WalTierBehind'],
  },
  {
    what: 'a tier has not followed the WAL for a while',
    broken: {
      conditions: [condition('ArchivingHealthy', 'True', 'TierBehind')],
      status: { walArchive: [{ component: 'db', followers: [{ tier: 'cloud', storedTime: before(14 * minute), problem: 'x' }] }] },
    },
    raises: [],
  },
];
