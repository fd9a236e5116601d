// What is known of the restores of a policy: how long coming back took, against what was promised, and what became of them.
import type { BackupPolicy, Restore } from '../../api/objects.ts';
import { durationMilliseconds, instantOf } from '../../core/plan/time.ts';
import type { Family, Figure, Sample } from './samples.ts';

const secondsOf = (text: string | undefined): number | undefined => {
  const instant = instantOf(text);
  return instant === undefined ? undefined : instant / 1000;
};

export const restoreFigures: Figure[] = [
  {
    name: 'holdfast_restore_objective_seconds',
    help: 'A restore shall not take longer than this (spec.objectives.rto).',
    of: ({ spec }) => [{ value: durationMilliseconds(spec.objectives.rto) / 1000 }],
  },
  {
    name: 'holdfast_restore_last_measured_seconds',
    help: 'How long the newest Restore of everything took that ended well, waiting for an approval aside.',
    of: ({ status }) => [{ value: status?.rto?.lastSeconds }],
  },
  {
    name: 'holdfast_restore_last_measured_timestamp_seconds',
    help: 'When that Restore ended.',
    of: ({ status }) => [{ value: secondsOf(status?.rto?.lastTime) }],
  },
];

type Restores = { policy: BackupPolicy; restores: Restore[] };

const labelsOf = ({ metadata }: BackupPolicy) => ({ namespace: metadata.namespace, policy: metadata.name });

const kindOf = ({ spec }: Restore): string => (spec.source.restoreRef === undefined ? 'Restore' : 'Undo');

const perGroup = (all: Restores[], keyOf: (restore: Restore) => string, valueOf: (group: Restore[]) => number | undefined): Sample[] =>
  all.flatMap(({ policy, restores }) =>
    [...Map.groupBy(restores, keyOf)].map(([key, group]) => {
      const [type = '', phase = ''] = key.split(' ');
      return { labels: { ...labelsOf(policy), type, phase }, value: valueOf(group) };
    }),
  );

const newestEnd = (group: Restore[]): number | undefined => {
  const ends = group.flatMap(({ status }) => secondsOf(status?.endTime) ?? []);
  return ends.length === 0 ? undefined : Math.max(...ends);
};

const keyOf = (restore: Restore): string => `${kindOf(restore)} ${restore.status?.phase ?? 'Pending'}`;

// There is no series for a single Restore: their number has no bound.
export const restoreFamilies = (all: Restores[]): Family[] => [
  {
    name: 'holdfast_restore_resources',
    help: 'Restore resources that are there, by phase. An undo of a Restore has the type Undo.',
    samples: perGroup(all, keyOf, (group) => group.length),
  },
  {
    name: 'holdfast_restore_last_timestamp_seconds',
    help: 'When the newest one of that type and phase ended.',
    samples: perGroup(all, keyOf, newestEnd),
  },
];
