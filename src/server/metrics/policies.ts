// What is known of each policy, from its status. There is no series for a single backup: their number has no bound.
import type { BackupPolicy } from '../../api/objects.ts';
import { durationMilliseconds, instantOf } from '../../core/plan/time.ts';
import type { Family, Figure, Row } from './samples.ts';
import { restoreFigures } from './restores.ts';
import { walFigures } from './wal.ts';

const secondsOf = (text: string | undefined): number | undefined => {
  const instant = instantOf(text);
  return instant === undefined ? undefined : instant / 1000;
};

const one = (value: number | undefined): Row[] => [{ value }];
const age = (text: string | undefined, now: number): number | undefined => {
  const seconds = secondsOf(text);
  return seconds === undefined ? undefined : Math.max(0, now / 1000 - seconds);
};
const outcomes = (rate: { succeeded: number; failed: number; missed: number } | undefined): Row[] =>
  (['succeeded', 'failed', 'missed'] as const).map((outcome) => ({ labels: { outcome }, value: rate?.[outcome] }));
const tiers = ({ status }: BackupPolicy) => status?.tiers ?? [];
const components = ({ status }: BackupPolicy) => status?.components ?? [];

const figures: Figure[] = [
  {
    name: 'holdfast_policy_suspended',
    help: 'Whether spec.suspend keeps the schedules from starting runs.',
    of: ({ spec }) => one(spec.suspend ? 1 : 0),
  },
  {
    name: 'holdfast_policy_condition',
    help: 'Conditions: 1 is True, 0 is False; one that is Unknown is absent.',
    of: ({ status }) =>
      (status?.conditions ?? []).map(({ type, status: value }) => ({
        labels: { type },
        value: value === 'Unknown' ? undefined : value === 'True' ? 1 : 0,
      })),
  },
  {
    name: 'holdfast_rpo_objective_seconds',
    help: 'At most so much work may be lost (spec.objectives.rpo).',
    of: ({ spec }) => one(durationMilliseconds(spec.objectives.rpo) / 1000),
  },
  {
    name: 'holdfast_rpo_restorable_timestamp_seconds',
    help: 'What a restore of everything would bring back, as the best tier said that was read lately.',
    of: ({ status }) => one(secondsOf(status?.rpo?.restorableTime)),
  },
  {
    name: 'holdfast_rpo_actual_seconds',
    help: 'Work that would be lost now: the age of the newest restorable point.',
    of: ({ status }, now) => one(age(status?.rpo?.restorableTime, now)),
  },
  {
    name: 'holdfast_rpo_offsite_timestamp_seconds',
    help: 'The same as holdfast_rpo_restorable_timestamp_seconds, by the best tier that is no volume of this cluster.',
    of: ({ status }) => one(secondsOf(status?.rpo?.offsiteTime)),
  },
  {
    name: 'holdfast_rpo_measured_timestamp_seconds',
    help: 'When the tier was read that says so.',
    of: ({ status }) => one(secondsOf(status?.rpo?.measuredTime)),
  },
  {
    name: 'holdfast_component_restorable_timestamp_seconds',
    help: 'Everything committed before this instant is in the newest backup that holds the component.',
    of: (policy) => components(policy).map(({ name, restorableTo }) => ({ labels: { component: name }, value: secondsOf(restorableTo) })),
  },
  {
    name: 'holdfast_component_bytes',
    help: 'Bytes of the component in that backup, as stored.',
    of: (policy) => components(policy).map(({ name, bytes }) => ({ labels: { component: name }, value: bytes })),
  },
  {
    name: 'holdfast_tier_latest_backup_timestamp_seconds',
    help: 'Slot of the newest backup whose manifest verified on the tier.',
    of: (policy) => tiers(policy).map(({ name, latestBackupTime }) => ({ labels: { tier: name }, value: secondsOf(latestBackupTime) })),
  },
  {
    name: 'holdfast_tier_measured_timestamp_seconds',
    help: 'When the tier was last read.',
    of: (policy) => tiers(policy).map(({ name, measuredTime }) => ({ labels: { tier: name }, value: secondsOf(measuredTime) })),
  },
  {
    name: 'holdfast_tier_backups',
    help: 'Backups on the tier whose manifests verified.',
    of: (policy) => tiers(policy).map(({ name, backups }) => ({ labels: { tier: name }, value: backups })),
  },
  {
    name: 'holdfast_tier_refused_manifests',
    help: 'Manifests on the tier that did not verify.',
    of: (policy) => tiers(policy).map(({ name, refused }) => ({ labels: { tier: name }, value: refused })),
  },
  {
    name: 'holdfast_latest_backup_bytes',
    help: 'Bytes of the newest backup that verified on the primary tier.',
    of: ({ status }) => one(status?.latestBackup?.bytes),
  },
  {
    name: 'holdfast_latest_backup_duration_seconds',
    help: 'How long that backup took.',
    of: ({ status }) => one(status?.latestBackup?.seconds),
  },
  {
    name: 'holdfast_slots',
    help: 'Slots of the schedules within the window of status.successRate, Log runs aside, by what became of them.',
    of: ({ status }) => outcomes(status?.successRate),
  },
  {
    name: 'holdfast_log_slots',
    help: 'The same of schedules.log.',
    of: ({ status }) => outcomes(status?.logSuccessRate),
  },
  {
    name: 'holdfast_schedule_last_timestamp_seconds',
    help: 'Newest slot that got a run, Log runs aside.',
    of: ({ status }) => one(secondsOf(status?.lastScheduleTime)),
  },
  {
    name: 'holdfast_log_schedule_last_timestamp_seconds',
    help: 'Newest slot of schedules.log that got a run.',
    of: ({ status }) => one(secondsOf(status?.lastLogScheduleTime)),
  },
  {
    name: 'holdfast_schedule_next_timestamp_seconds',
    help: 'When the next run of a type starts.',
    of: ({ status }) => (status?.next ?? []).map(({ type, time }) => ({ labels: { type }, value: secondsOf(time) })),
  },
  {
    name: 'holdfast_incidents_open',
    help: 'Incidents that are open, by the name of their alert.',
    of: ({ status }) =>
      (status?.alerts ?? []).flatMap(({ name, severity, resolvedTime }) =>
        resolvedTime === undefined ? [{ labels: { alert: name, severity }, value: 1 }] : [],
      ),
  },
  {
    name: 'holdfast_heartbeat_timestamp_seconds',
    help: 'When the run ended that the newest delivered heartbeat stood for.',
    of: ({ status }) => one(secondsOf(status?.heartbeat?.endTime)),
  },
];

export const policyFamilies = (policies: BackupPolicy[], now: number): Family[] =>
  [...figures, ...walFigures, ...restoreFigures].map(({ name, help, of }) => ({
    name,
    help,
    samples: policies.flatMap((policy) =>
      of(policy, now).map(({ labels = {}, value }) => ({
        labels: { namespace: policy.metadata.namespace, policy: policy.metadata.name, ...labels },
        value,
      })),
    ),
  }));
