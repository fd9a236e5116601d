// Which incidents a policy has, and which messages are due for them.
import test from 'ava';
import { alertNames } from '../../src/api/alerts.ts';
import type { Backup } from '../../src/api/objects.ts';
import type { AlertStatus } from '../../src/api/policy.ts';
import { pulseDue } from '../../src/core/alerts/heartbeat.ts';
import { delivered, ledger, undelivered, untold } from '../../src/core/alerts/ledger.ts';
import { makeBackup, makePolicy } from './fixtures.ts';
import { iso } from './policy-cases.ts';
import {
  archivingCases,
  before,
  condition,
  hour,
  incidents,
  minute,
  names,
  nothingStored,
  now,
  opened,
  restoreCases,
  rpoUnknown,
  rpoViolated,
  run,
} from './alert-cases.ts';
import type { Broken } from './alert-cases.ts';

// A Log that ended some hours ago; it has no tiers.
const log = (hoursAgo: number, phase: 'Complete' | 'Failed' | 'PartiallyFailed'): Backup => {
  const { tiers: _, ...status } = run(hoursAgo, phase).status ?? {};
  return { ...run(hoursAgo, phase), status, spec: { policyRef: { name: 'shop' }, type: 'Log' } };
};
const logsScheduled = { schedules: { full: { cron: '0 2 * * *' }, log: { cron: '0 * * * *' } } };
const whole = run(3, 'Complete');

const cases: { what: string; broken: Broken; raises: string[] }[] = [
  { what: 'nothing', broken: {}, raises: [] },
  { what: 'a policy that nobody has looked at', broken: { status: { ...nothingStored, tiers: [] }, backups: [] }, raises: [] },
  { what: 'the last run of the schedule failed', broken: { backups: [run(3, 'Complete'), run(1, 'Failed')] }, raises: ['BackupFailed'] },
  { what: 'it failed in part', broken: { backups: [run(3, 'Complete'), run(1, 'PartiallyFailed')] }, raises: ['BackupFailed'] },
  { what: 'a run made by hand failed', broken: { backups: [run(3, 'Complete'), run(1, 'Failed', { manual: true })] }, raises: [] },
  { what: 'the next one succeeded', broken: { backups: [run(2, 'Failed'), run(1, 'Complete')] }, raises: [] },
  {
    what: 'one made by hand succeeded afterwards',
    broken: { backups: [run(2, 'Failed'), run(1, 'Complete', { manual: true })] },
    raises: [],
  },
  {
    what: 'one component alone succeeded afterwards',
    broken: {
      backups: [run(2, 'Failed'), { ...run(1, 'Complete'), spec: { policyRef: { name: 'shop' }, type: 'Full', components: ['db'] } }],
    },
    raises: ['BackupFailed'],
  },
  {
    what: 'two failed in a row',
    broken: { backups: [run(3, 'Complete'), run(2, 'Failed'), run(1, 'Failed')] },
    raises: ['BackupFailed'],
  },
  {
    what: 'three failed in a row',
    broken: { backups: [run(2.5, 'Failed'), run(3, 'Complete'), run(2, 'PartiallyFailed'), run(1, 'Failed')] },
    raises: ['BackupRepeatedlyFailing'],
  },
  { what: 'a Log failed', broken: { spec: logsScheduled, backups: [whole, log(1, 'Failed')] }, raises: ['LogBackupFailed'] },
  {
    what: 'a Log failed, and a Full succeeded afterwards',
    broken: { spec: logsScheduled, backups: [log(4, 'PartiallyFailed'), whole] },
    raises: ['LogBackupFailed'],
  },
  { what: 'the next Log succeeded', broken: { spec: logsScheduled, backups: [whole, log(2, 'Failed'), log(1, 'Complete')] }, raises: [] },
  {
    what: 'a Full failed, and Logs succeed',
    broken: { spec: logsScheduled, backups: [whole, run(2, 'Failed'), log(1, 'Complete')] },
    raises: ['BackupFailed'],
  },
  {
    what: 'Logs failed that no schedule starts any more',
    broken: { backups: [whole, log(1, 'Failed')], alerts: [opened('HoldfastLogBackupFailed')] },
    raises: [],
  },
  {
    what: 'a Log succeeded, which no further tier can hold',
    broken: { spec: logsScheduled, backups: [whole, log(14, 'Complete')], status: { tiers: [] } },
    raises: [],
  },
  {
    what: 'the resource of the failed run was deleted',
    broken: { alerts: [opened('HoldfastBackupFailed')] },
    raises: ['BackupFailed'],
  },
  {
    what: 'the store shows a success after the failed run',
    broken: { backups: [], alerts: [opened('HoldfastBackupFailed', { since: before(4 * hour) })] },
    raises: [],
  },
  {
    what: 'the restore point is old',
    broken: { conditions: [condition('RPOMet', 'True', 'RestorePointAging')] },
    raises: ['RPOApproaching'],
  },
  { what: 'the restore point is too old', broken: { conditions: [rpoViolated] }, raises: ['RPOViolated'] },
  { what: 'the restore point is unknown for long', broken: { conditions: [rpoUnknown] }, raises: ['RPOUnknown'] },
  { what: 'it has been unknown for a moment', broken: { conditions: [condition('RPOMet', 'Unknown', 'FactsStale', minute)] }, raises: [] },
  {
    what: 'it was too old, and is now unknown',
    broken: { conditions: [rpoUnknown], alerts: [opened('HoldfastRPOViolated')] },
    raises: ['RPOViolated'],
  },
  {
    what: 'nothing ever succeeded',
    broken: { conditions: [condition('RPOMet', 'False', 'NothingRestorable')], status: nothingStored, backups: [] },
    raises: ['BackupNeverSucceeded'],
  },
  {
    what: 'nothing was stored, and the policy is new',
    broken: {
      conditions: [condition('RPOMet', 'False', 'NothingRestorable')],
      status: nothingStored,
      backups: [],
      spec: { objectives: { rpo: '7d' } },
    },
    raises: [],
  },
  {
    what: 'the store was emptied',
    broken: { conditions: [condition('RPOMet', 'False', 'NothingRestorable')], status: nothingStored },
    raises: ['RPOViolated'],
  },
  {
    what: 'only parts were ever stored',
    broken: { conditions: [condition('RPOMet', 'False', 'NothingRestorable')], backups: [run(3, 'PartiallyFailed', { manual: true })] },
    raises: ['RPOViolated'],
  },
  { what: 'a slot was missed', broken: { conditions: [condition('OnSchedule', 'False', 'SlotsMissed')] }, raises: ['BackupMissed'] },
  {
    what: 'a tier cannot be read',
    broken: { conditions: [condition('StorageHealthy', 'False', 'StoreUnreadable')] },
    raises: ['StorageUnreadable'],
  },
  {
    what: 'a tier could not be read just now',
    broken: { conditions: [condition('StorageHealthy', 'False', 'StoreUnreadable', minute)] },
    raises: [],
  },
  {
    what: 'a tier has never been read',
    broken: { conditions: [condition('StorageHealthy', 'Unknown', 'NotMeasured', 2 * hour)] },
    raises: ['StorageUnreadable'],
  },
  {
    what: 'a tier cannot be read, so nobody knows the restore point',
    broken: { conditions: [condition('StorageHealthy', 'False', 'StoreUnreadable', 5 * hour), rpoUnknown] },
    raises: ['StorageUnreadable'],
  },
  ...archivingCases,
  ...restoreCases,
  {
    what: 'a manifest was refused',
    broken: { conditions: [condition('StorageHealthy', 'False', 'ManifestRefused', 0)] },
    raises: ['VerificationFailed'],
  },
  {
    what: 'a manifest was refused, and now the tier cannot be read',
    broken: { conditions: [condition('StorageHealthy', 'False', 'StoreUnreadable', 0)], alerts: [opened('HoldfastVerificationFailed')] },
    raises: ['VerificationFailed'],
  },
  {
    what: 'the policy is stalled',
    broken: { conditions: [condition('Stalled', 'True', 'InvalidSchedule', 0)] },
    raises: ['PolicyStalled'],
  },
  {
    what: 'a manifest was refused on one tier while another cannot be read',
    broken: { conditions: [condition('StorageHealthy', 'False', 'StoreUnreadable', 0), condition('Verified', 'False', 'DamageFound')] },
    raises: ['VerificationFailed'],
  },
  {
    what: 'stored bytes were not read again for long',
    broken: { conditions: [condition('Verified', 'Unknown', 'VerificationStale')] },
    raises: ['VerificationStale'],
  },
  { what: 'no byte was read again yet', broken: { conditions: [condition('Verified', 'Unknown', 'NotVerifiedYet')] }, raises: [] },
  { what: 'a volume fills up', broken: { conditions: [condition('CapacityOK', 'True', 'VolumeFilling')] }, raises: ['CapacityWarning'] },
  {
    what: 'a volume is almost full',
    broken: { conditions: [condition('CapacityOK', 'False', 'VolumeAlmostFull')] },
    raises: ['CapacityCritical'],
  },
  {
    what: 'a volume was almost full, and was not measured lately',
    broken: { conditions: [condition('CapacityOK', 'Unknown', 'NotMeasured')], alerts: [opened('HoldfastCapacityCritical')] },
    raises: ['CapacityCritical'],
  },
  {
    what: 'a slot is left on a server',
    broken: { conditions: [condition('SlotLeft', 'True', 'SlotNotDropped')] },
    raises: ['SlotNotDropped'],
  },
  {
    what: 'a copy is late',
    broken: {
      backups: [run(13, 'Complete', { cloud: 'Lagging' })],
      status: { tiers: [{ name: 'local', latestBackupTime: before(13 * hour) }, { name: 'cloud' }] },
    },
    raises: ['TierLagging'],
  },
  {
    what: 'a copy is late, and the tier holds it after all',
    broken: { backups: [run(13, 'Complete', { cloud: 'Lagging' })] },
    raises: [],
  },
  {
    what: 'a copy was late, and its resource was deleted',
    broken: {
      backups: [],
      status: { tiers: [{ name: 'local', latestBackupTime: before(13 * hour) }, { name: 'cloud' }] },
      alerts: [opened('HoldfastTierLagging')],
    },
    raises: ['TierLagging'],
  },
];

test('each broken thing raises its alert alone', (t) => {
  for (const { what, broken, raises } of cases) {
    t.deepEqual(names(broken), raises, what);
  }
  const tested = new Set(cases.flatMap(({ raises }) => raises.map((name) => `Holdfast${name}`)));
  t.deepEqual(
    alertNames.filter((name) => !tested.has(name)),
    [],
  );
});

test('an alert that waits says when to look again', (t) => {
  t.is(incidents({ conditions: [condition('StorageHealthy', 'False', 'StoreUnreadable', 5 * minute)] }).againMilliseconds, 10 * minute);
  const lagging = { backups: [run(2, 'Complete', { cloud: 'Lagging' })], status: { tiers: [] } };
  t.is(incidents(lagging).againMilliseconds, 10 * hour);
  t.is(incidents({}).againMilliseconds, undefined);
  // Made on 20 November at 12:00.
  const fresh = { conditions: [condition('RPOMet', 'False', 'NothingRestorable')], status: nothingStored, backups: [] };
  t.is(incidents({ ...fresh, spec: { objectives: { rpo: '3d' } } }).againMilliseconds, 24 * hour);
});

const since = (broken: Broken): string => iso(incidents(broken).incidents[0]?.since ?? 0);

test('an incident begins when the thing began, not when it was seen; what is open stays as old as it was', (t) => {
  t.is(since({ conditions: [rpoViolated] }), before(hour));
  t.is(since({ backups: [run(3, 'Complete'), run(2, 'Failed'), run(1, 'Failed')] }), before(2 * hour));
  // 20 hours after the restore point of three hours ago.
  t.is(since({ conditions: [condition('RPOMet', 'True', 'RestorePointAging')] }), iso(now + 17 * hour));
  t.regex(incidents({ backups: [run(1, 'Failed')] }).incidents[0]?.message ?? '', /run-1 ended Failed\. SourceFailed: db: no route/);
  t.regex(
    incidents({ backups: [run(13, 'Complete', { cloud: 'Lagging' })], status: { tiers: [] } }).incidents[0]?.message ?? '',
    /cloud lacks run-13: no such bucket/,
  );
});

const failed = incidents({ backups: [run(1, 'Failed')] }).incidents;
const dueOf = (alerts: AlertStatus[], wrong = failed): string[] =>
  ledger(alerts, wrong, now).due.map(({ kind, alert }) => `${kind} ${alert.name} ${alert.since}`);

test('one message when an incident opens and one when it is over', (t) => {
  const first = ledger([], failed, now);
  t.deepEqual(dueOf([]), [`opened HoldfastBackupFailed ${before(hour)}`]);
  const told = delivered(first.alerts, first.due[0]!, now);
  t.is(told[0]?.notifiedTime, iso(now));
  t.deepEqual(dueOf(told), [], 'told, also after a restart');
  t.deepEqual(ledger(told, failed, now + hour).alerts, told, 'nothing to write');

  const over = ledger(told, [], now + hour);
  t.deepEqual(dueOf(told, []), [`resolved HoldfastBackupFailed ${before(hour)}`]);
  t.is(over.alerts[0]?.resolvedTime, iso(now + hour));
  t.is(ledger(over.alerts, [], now + 2 * hour).alerts[0]?.resolvedTime, iso(now + hour), 'over since it was over');
  t.deepEqual(delivered(over.alerts, over.due[0]!, now), []);
});

test('what could not be told stays due, and is said once', (t) => {
  const first = ledger([], failed, now);
  const stuck = undelivered(first.alerts, first.due[0]!, 'no route to mail');
  t.is(stuck[0]?.problem, 'no route to mail');
  t.deepEqual(dueOf(stuck), [`opened HoldfastBackupFailed ${before(hour)}`]);
  t.deepEqual(dueOf(stuck, []), [`resolved HoldfastBackupFailed ${before(hour)}`], 'over before anybody could be told: one mail says both');
  t.deepEqual(ledger(first.alerts, [], now), { alerts: [], due: [] }, 'over before anybody tried to tell: nothing');
  const told = delivered(stuck, first.due[0]!, now);
  t.is(told[0]?.problem, undefined);
  const over = ledger(told, [], now).alerts;
  t.deepEqual(dueOf(over, failed), [], 'back before its end was told: it goes on');
  t.is(ledger(over, failed, now).alerts[0]?.resolvedTime, undefined);
  t.deepEqual(untold(over), [], 'no route any more: nobody is told');
});

test('an incident that gives way to a worse one is neither over nor told again', (t) => {
  const approaching = opened('HoldfastRPOApproaching', { notifiedTime: before(hour) });
  const wrong = incidents({ conditions: [rpoViolated], alerts: [approaching] }).incidents;
  const { alerts, due } = ledger([approaching], wrong, now);
  t.deepEqual(
    alerts.map(({ name }) => name),
    ['HoldfastRPOViolated'],
  );
  t.deepEqual(
    due.map(({ kind, alert }) => `${kind} ${alert.name}`),
    ['opened HoldfastRPOViolated'],
  );
});

const pulse = (backups: Backup[], told?: Backup, fails = false) => {
  const endTime = told?.status?.endTime;
  const policy = makePolicy({}, endTime === undefined ? {} : { heartbeat: { backup: told?.metadata.name ?? '', endTime } });
  const due = pulseDue(policy, backups, fails, now);
  return due && `${due.outcome} ${due.remembered.backup}`;
};

test('a heartbeat stands for the newest success that was not told, once', (t) => {
  const [old, fresh, broken] = [run(3, 'Complete'), run(2, 'Complete'), run(1, 'PartiallyFailed')];
  t.is(pulse([old, fresh]), 'success run-2');
  t.is(pulse([old, fresh], old), 'success run-2');
  t.is(pulse([old, fresh], fresh), undefined, 'told already');
  t.is(pulse([old], fresh), undefined, 'the one that was told is gone; the older one is no news');
  t.is(pulse([broken]), undefined, 'no success');
  t.is(pulse([fresh, broken]), 'success run-2');
  t.is(pulse([fresh, broken], fresh, true), 'fail run-1');
  t.is(pulse([run(7, 'Complete')]), undefined, 'old news');
  t.is(pulse([{ ...fresh, spec: { ...fresh.spec, components: ['db'] } }]), undefined, 'not everything');
  t.is(pulse([makeBackup({ phase: 'Verifying' })]), undefined);
  t.is(pulse([log(1, 'Complete')]), undefined, 'a Log is no backup');
  t.is(pulse([fresh, log(1, 'Failed')], fresh, true), undefined);
});
