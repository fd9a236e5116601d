// A policy that is well, and what is broken in it, for the tests of alerts.
import type { AlertName } from '../../src/api/alerts.ts';
import { annotation } from '../../src/api/group.ts';
import { restoreSpecSchema } from '../../src/api/restore.ts';
import type { Backup, Restore } from '../../src/api/objects.ts';
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
  restores?: Restore[];
};

const factsOf = ({ conditions = [], status = {}, backups = [run(3, 'Complete')], spec = {}, alerts, restores = [] }: Broken) => {
  const whole = healthy();
  const kept = (whole.conditions ?? []).filter(({ type }) => !conditions.some((each) => each.type === type));
  const policy = makePolicy(
    { schedules: { full: { cron: '0 2 * * *' } }, ...spec },
    { ...whole, ...status, conditions: [...kept, ...conditions], ...(alerts === undefined ? {} : { alerts }) },
  );
  return { now, policy, backups, restores };
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

// A Restore as the API server hands it out.
export const restore = (name: string, status: Restore['status'], metadata: Partial<Restore['metadata']> = {}): Restore => ({
  apiVersion: 'holdfast.dev/v1alpha1',
  kind: 'Restore',
  metadata: { name, namespace: 'shop', uid: name, generation: 1, resourceVersion: '1', creationTimestamp: before(5 * hour), ...metadata },
  spec: restoreSpecSchema.parse({ source: { policyRef: { name: 'shop' }, latest: true, identitySecretRef: { name: 'identity' } } }),
  ...(status === undefined ? {} : { status }),
});
const endedRestore = (name: string, phase: 'Complete' | 'Failed', hoursAgo: number): Restore =>
  restore(name, {
    phase,
    startTime: before(5 * hour),
    endTime: before(hoursAgo * hour),
    conditions: [condition('Succeeded', phase === 'Complete' ? 'True' : 'False', 'WALGap')],
  });
const stalledRestore = (name: string, since: number): Restore =>
  restore(name, { phase: 'AwaitingApproval', conditions: [condition('Stalled', 'True', 'ApprovalRequired', since)] });

// What became of restores, and the alerts that it raises.
export const restoreCases: { what: string; broken: Broken; raises: string[] }[] = [
  { what: 'a restore failed', broken: { restores: [endedRestore('a', 'Failed', 1)] }, raises: ['RestoreFailed'] },
  {
    what: 'it failed after one that ended well',
    broken: { restores: [endedRestore('b', 'Failed', 1), endedRestore('a', 'Complete', 2)] },
    raises: ['RestoreFailed'],
  },
  {
    what: 'the next restore ended well',
    broken: { restores: [endedRestore('a', 'Failed', 2), endedRestore('b', 'Complete', 1)] },
    raises: [],
  },
  { what: 'the restore that failed was deleted', broken: { alerts: [opened('HoldfastRestoreFailed')] }, raises: [] },
  {
    what: 'a restore that was refused before it began',
    broken: {
      restores: [
        restore('a', { phase: 'Failed', endTime: before(hour), conditions: [condition('Succeeded', 'False', 'ConfirmationMismatch')] }),
      ],
    },
    raises: [],
  },
  {
    what: 'a restore that runs, or that nobody has looked at',
    broken: { restores: [restore('a', { phase: 'Running', startTime: before(hour) }), restore('b', undefined)] },
    raises: [],
  },
  { what: 'a restore waits for an approval', broken: { restores: [stalledRestore('a', 11 * minute)] }, raises: ['RestoreWaiting'] },
  { what: 'it has not waited for long', broken: { restores: [stalledRestore('a', 9 * minute)] }, raises: [] },
  {
    what: 'a restore that failed is stalled for good, and waits for nobody',
    broken: { restores: [restore('a', { phase: 'Failed', endTime: before(hour), conditions: [condition('Stalled', 'True', 'WALGap')] })] },
    raises: [],
  },
  {
    what: 'one that waits is being deleted',
    broken: { restores: [restore('a', stalledRestore('a', hour).status, { deletionTimestamp: before(minute) })] },
    raises: [],
  },
];

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
