// What the Backup resources of a policy say of its runs.
import type { Backup, BackupPolicy } from '../../api/objects.ts';
import { instantOf } from '../../core/plan/time.ts';
import type { Family, Sample } from './samples.ts';

type Runs = { policy: BackupPolicy; backups: Backup[] };

// The newest run that ended, for each type and outcome.
const newestEnded = (backups: Backup[]): Backup[] => {
  const ended = backups.filter(({ status }) => instantOf(status?.endTime) !== undefined && status?.phase !== undefined);
  const ordered = ended.toSorted((a, b) => (instantOf(a.status?.endTime) ?? 0) - (instantOf(b.status?.endTime) ?? 0));
  return [...new Map(ordered.map((backup) => [keyOf(backup), backup])).values()];
};

const keyOf = ({ spec, status }: Backup): string => `${spec.type} ${status?.phase}`;

const secondsOf = (text: string | undefined): number | undefined => {
  const instant = instantOf(text);
  return instant === undefined ? undefined : instant / 1000;
};

const labelsOf = ({ metadata }: BackupPolicy) => ({ namespace: metadata.namespace, policy: metadata.name });

const perNewest = (runs: Runs[], valueOf: (backup: Backup) => number | undefined): Sample[] =>
  runs.flatMap(({ policy, backups }) =>
    newestEnded(backups).map((backup) => ({
      labels: { ...labelsOf(policy), type: backup.spec.type, outcome: backup.status?.phase ?? '' },
      value: valueOf(backup),
    })),
  );

const duration = ({ status }: Backup): number | undefined => {
  const [start, end] = [secondsOf(status?.startTime), secondsOf(status?.endTime)];
  return start === undefined || end === undefined ? undefined : end - start;
};

export const runFamilies = (runs: Runs[]): Family[] => [
  {
    name: 'holdfast_backup_resources',
    help: 'Backup resources that are there, by type and phase. How many ended ones stay is set by spec.history.',
    samples: runs.flatMap(({ policy, backups }) =>
      [...Map.groupBy(backups, ({ spec, status }) => `${spec.type} ${status?.phase ?? 'Pending'}`)].map(([key, group]) => {
        const [type = '', phase = ''] = key.split(' ');
        return { labels: { ...labelsOf(policy), type, phase }, value: group.length };
      }),
    ),
  },
  {
    name: 'holdfast_last_run_timestamp_seconds',
    help: 'When the newest run with this outcome ended.',
    samples: perNewest(runs, ({ status }) => secondsOf(status?.endTime)),
  },
  {
    name: 'holdfast_last_run_duration_seconds',
    help: 'How long that run took.',
    samples: perNewest(runs, duration),
  },
  {
    name: 'holdfast_last_run_bytes',
    help: 'Bytes that that run stored on the primary tier.',
    samples: perNewest(runs, ({ status }) => status?.bytes),
  },
];
