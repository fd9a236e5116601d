// The page that Prometheus reads.
import type { Backup, BackupPolicy, Restore } from '../../api/objects.ts';
import type { ProcessMetrics } from '../../telemetry/metrics.ts';
import { policyFamilies } from './policies.ts';
import { restoreFamilies } from './restores.ts';
import { runFamilies } from './runs.ts';
import { renderFamilies } from './samples.ts';
import { createIntervals, scheduleFamilies } from './schedules.ts';

export type MetricsPage = () => Promise<{ contentType: string; body: string }>;

export type MetricsSources = {
  process: ProcessMetrics;
  // Only one process says anything of policies: two would be counted twice.
  speaksOfPolicies: () => boolean;
  policies: () => BackupPolicy[];
  backupsOf: (policy: BackupPolicy) => Backup[];
  restoresOf: (policy: BackupPolicy) => Restore[];
  now: () => number;
};

export const createMetricsPage = ({ process, speaksOfPolicies, policies, backupsOf, restoresOf, now }: MetricsSources): MetricsPage => {
  const intervals = createIntervals();
  const ofPolicies = async (): Promise<string> => {
    const [all, instant] = [policies(), now()];
    return renderFamilies([
      ...policyFamilies(all, instant),
      ...runFamilies(all.map((policy) => ({ policy, backups: backupsOf(policy) }))),
      ...restoreFamilies(all.map((policy) => ({ policy, restores: restoresOf(policy) }))),
      ...scheduleFamilies(all, intervals, instant),
    ]);
  };
  return async () => ({
    contentType: process.registry.contentType,
    body: [await process.registry.metrics(), speaksOfPolicies() ? await ofPolicies() : ''].filter((text) => text.trim() !== '').join('\n'),
  });
};
