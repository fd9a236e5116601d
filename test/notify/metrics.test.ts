// What Prometheus is told: in its format, with units, bounded, and never 0 for what was not measured.
import { spawnSync } from 'node:child_process';
import test from 'ava';
import type { Backup, BackupPolicy, Restore } from '../../src/api/objects.ts';
import { createMetricsPage } from '../../src/server/metrics/page.ts';
import { createProcessMetrics, watchProcess } from '../../src/telemetry/metrics.ts';
import { restore } from '../core/alert-cases.ts';
import { makeBackup, makePolicy, start } from '../core/fixtures.ts';

type Sample = { name: string; labels: Record<string, string>; value: number };

// Reads the text format strictly: each family has its HELP and TYPE before its samples, and no series comes twice.
const parse = (text: string): Sample[] => {
  const types = new Map<string, string>();
  const helps = new Set<string>();
  const series = new Set<string>();
  const samples: Sample[] = [];
  for (const line of text.split('\n').filter((each) => each !== '')) {
    const [, word, about = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? [];
    if (word === 'HELP') {
      helps.add(about);
    } else if (word === 'TYPE') {
      types.set(about, rest);
    } else {
      const match = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/.exec(line);
      if (match === null) {
        throw new Error(`No line of the format: ${line}`);
      }
      const [, name = '', inside = '', value = ''] = match;
      const family = [name, name.replace(/_(bucket|sum|count)$/, '')].find((each) => types.has(each) && helps.has(each));
      if (family === undefined || series.has(`${name}{${inside}}`)) {
        throw new Error(`Without HELP and TYPE, or twice: ${line}`);
      }
      series.add(`${name}{${inside}}`);
      const pairs = [...inside.matchAll(/([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"/g)].map(([, key = '', said = '']) => [key, said]);
      samples.push({ name, labels: Object.fromEntries(pairs), value: Number(value) });
    }
  }
  return samples;
};

const iso = (offsetSeconds: number): string => `${new Date(start + offsetSeconds * 1000).toISOString().slice(0, 19)}Z`;

const measured = (): BackupPolicy =>
  makePolicy(
    { schedules: { full: { cron: '0 2 * * 1-5' }, log: { cron: '0 * * * *' } } },
    {
      conditions: [
        { type: 'Ready', status: 'True', reason: 'Armed', message: '', lastTransitionTime: iso(0) },
        { type: 'RPOMet', status: 'False', reason: 'RestorePointTooOld', message: '', lastTransitionTime: iso(0) },
        { type: 'StorageHealthy', status: 'Unknown', reason: 'NotMeasured', message: '', lastTransitionTime: iso(0) },
      ],
      rto: { objectiveSeconds: 14_400, lastSeconds: 480.5, lastTime: iso(-7200), restore: 'back' },
      rpo: { objectiveSeconds: 86_400, restorableTime: iso(-90_000), measuredTime: iso(-60) },
      components: [{ name: 'db', bytes: 7, restorableTo: iso(-90_000) }, { name: 'stock' }],
      tiers: [{ name: 'local', backups: 3, refused: 0, latestBackupTime: iso(-90_000), measuredTime: iso(-60) }, { name: 'cloud' }],
      latestBackup: { backupId: 'x', bytes: 9, seconds: 4 },
      successRate: { window: '30d', scheduled: 30, succeeded: 27, failed: 2, missed: 1 },
      logSuccessRate: { window: '30d', scheduled: 700, succeeded: 690, failed: 3, missed: 7 },
      lastLogScheduleTime: iso(-600),
      next: [{ type: 'Full', time: iso(86_400) }],
      walArchive: [
        { component: 'db', state: 'Archiving', tier: 'local', storedTime: iso(-30), followers: [{ tier: 'cloud', storedTime: iso(-90) }] },
        { component: 'stock', state: 'Starting' },
      ],
      alerts: [
        { name: 'HoldfastRPOViolated', severity: 'critical', since: iso(0), message: '', notifiedTime: iso(1) },
        { name: 'HoldfastBackupFailed', severity: 'warning', since: iso(0), message: '', resolvedTime: iso(2), problem: 'x' },
      ],
    },
  );
const ended = (name: string, phase: 'Complete' | 'Failed', endSeconds: number): Backup =>
  makeBackup({ phase, startTime: iso(endSeconds - 30), endTime: iso(endSeconds), ...(phase === 'Complete' ? { bytes: 9 } : {}) }, { name });

const page = (policies: BackupPolicy[], backups: Backup[], isLeader = true, restores: Restore[] = []) => {
  const process = createProcessMetrics();
  const counts = { lists: 2, watches: 3, events: 0, missed: 1, failures: 0 };
  watchProcess(process, {
    isLeader: () => isLeader,
    queues: () => [{ controller: 'policy', size: 5 }],
    watches: () => [{ resource: 'jobs', counts }],
  });
  return {
    process,
    read: createMetricsPage({
      process,
      speaksOfPolicies: () => isLeader,
      policies: () => policies,
      backupsOf: () => backups,
      restoresOf: () => restores,
      now: () => start,
    }),
  };
};

const valueOf = (samples: Sample[], name: string, labels: Record<string, string> = {}): number | undefined =>
  samples.find((sample) => sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value))?.value;

test('what is known of a policy stands on the page, and what was never measured does not', async (t) => {
  const runs = [
    ended('a', 'Complete', -90_000),
    ended('b', 'Failed', -3600),
    ended('c', 'Failed', -60),
    makeBackup({ phase: 'Running' }, { name: 'd' }),
  ];
  const restores = [
    restore('back', { phase: 'Complete', endTime: iso(-7200) }),
    restore('first', { phase: 'Complete', endTime: iso(-9000) }),
    restore('broken', { phase: 'Failed', endTime: iso(-60) }),
    restore('now', { phase: 'Running' }),
    restore('new', undefined),
    { ...restore('away', { phase: 'Complete', endTime: iso(-30) }), spec: { source: { restoreRef: { name: 'back' } } } } as Restore,
  ];
  const samples = parse((await page([measured()], runs, true, restores).read()).body);
  const expected: [string, number | undefined, Record<string, string>?][] = [
    ['holdfast_rpo_actual_seconds', 90_000],
    ['holdfast_rpo_objective_seconds', 86_400],
    ['holdfast_rpo_restorable_timestamp_seconds', start / 1000 - 90_000],
    ['holdfast_rpo_offsite_timestamp_seconds', undefined],
    ['holdfast_component_bytes', 7, { component: 'db' }],
    ['holdfast_component_bytes', undefined, { component: 'stock' }],
    ['holdfast_tier_backups', 3, { tier: 'local' }],
    ['holdfast_tier_refused_manifests', 0, { tier: 'local' }],
    ['holdfast_tier_backups', undefined, { tier: 'cloud' }],
    ['holdfast_tier_latest_backup_timestamp_seconds', undefined, { tier: 'cloud' }],
    ['holdfast_wal_receiver_up', 1, { component: 'db' }],
    ['holdfast_wal_receiver_up', undefined, { component: 'stock' }],
    ['holdfast_wal_stored_timestamp_seconds', start / 1000 - 30, { component: 'db', tier: 'local' }],
    ['holdfast_wal_stored_timestamp_seconds', start / 1000 - 90, { component: 'db', tier: 'cloud' }],
    ['holdfast_wal_follower_lag_seconds', 60, { component: 'db', tier: 'cloud' }],
    ['holdfast_policy_condition', 1, { type: 'Ready' }],
    ['holdfast_policy_condition', 0, { type: 'RPOMet' }],
    ['holdfast_policy_condition', undefined, { type: 'StorageHealthy' }],
    ['holdfast_slots', 1, { outcome: 'missed' }],
    ['holdfast_log_slots', 7, { outcome: 'missed' }],
    ['holdfast_log_schedule_last_timestamp_seconds', start / 1000 - 600],
    ['holdfast_schedule_last_timestamp_seconds', undefined],
    ['holdfast_schedule_expected_interval_seconds', 3600, { type: 'Log' }],
    // From Friday to Monday.
    ['holdfast_schedule_expected_interval_seconds', 3 * 86_400, { type: 'Full' }],
    ['holdfast_schedule_next_timestamp_seconds', start / 1000 + 86_400],
    ['holdfast_incidents_open', 1, { alert: 'HoldfastRPOViolated', severity: 'critical' }],
    ['holdfast_incidents_open', undefined, { alert: 'HoldfastBackupFailed' }],
    ['holdfast_last_run_timestamp_seconds', start / 1000 - 60, { outcome: 'Failed', type: 'Full' }],
    ['holdfast_last_run_duration_seconds', 30, { outcome: 'Complete' }],
    ['holdfast_last_run_bytes', 9, { outcome: 'Complete' }],
    ['holdfast_last_run_bytes', undefined, { outcome: 'Failed' }],
    ['holdfast_backup_resources', 2, { phase: 'Failed' }],
    ['holdfast_backup_resources', 1, { phase: 'Running' }],
    ['holdfast_restore_objective_seconds', 14_400],
    ['holdfast_restore_last_measured_seconds', 480.5],
    ['holdfast_restore_last_measured_timestamp_seconds', start / 1000 - 7200],
    ['holdfast_restore_resources', 2, { type: 'Restore', phase: 'Complete' }],
    ['holdfast_restore_resources', 1, { type: 'Restore', phase: 'Failed' }],
    ['holdfast_restore_resources', 1, { type: 'Restore', phase: 'Running' }],
    ['holdfast_restore_resources', 1, { type: 'Restore', phase: 'Pending' }],
    ['holdfast_restore_resources', 1, { type: 'Undo', phase: 'Complete' }],
    ['holdfast_restore_last_timestamp_seconds', start / 1000 - 7200, { type: 'Restore', phase: 'Complete' }],
    ['holdfast_restore_last_timestamp_seconds', undefined, { phase: 'Running' }],
    ['holdfast_leader', 1],
    ['holdfast_queue_depth', 5, { controller: 'policy' }],
    ['holdfast_watch_missed_objects_total', 1, { resource: 'jobs' }],
    ['holdfast_notify_settings_valid', undefined],
  ];
  for (const [name, value, labels] of expected) {
    t.is(valueOf(samples, name, labels), value, `${name} ${JSON.stringify(labels ?? {})}`);
  }
  const fresh = parse((await page([makePolicy()], []).read()).body).filter(({ labels }) => labels['policy'] !== undefined);
  t.deepEqual(
    fresh.map(({ name }) => name),
    ['holdfast_policy_suspended', 'holdfast_rpo_objective_seconds', 'holdfast_restore_objective_seconds'],
    'of a new policy only what its spec says',
  );
});

test('the leader alone says anything of policies; counters of the process go on', async (t) => {
  const { process, read } = page([measured()], [], false);
  process.requestSeen({ verb: 'list', resource: 'jobs', status: 200 });
  process.requestSeen({ verb: 'list', resource: 'jobs', status: 200 });
  process.deliverySeen('email', 'failed');
  await read();
  const samples = parse((await read()).body);
  t.deepEqual(
    samples.filter(({ labels }) => labels['policy'] !== undefined),
    [],
  );
  t.is(valueOf(samples, 'holdfast_leader'), 0);
  t.is(valueOf(samples, 'holdfast_api_requests_total', { verb: 'list', resource: 'jobs', code: '200' }), 2);
  t.is(valueOf(samples, 'holdfast_notify_deliveries_total', { sink: 'email', outcome: 'failed' }), 1);
  t.is(valueOf(samples, 'holdfast_watch_lists_total', { resource: 'jobs' }), 2, 'read twice, counted once');
  t.true((valueOf(samples, 'process_cpu_seconds_total') ?? 0) > 0);
  t.true((valueOf(samples, 'process_resident_memory_bytes') ?? 0) > 0);
});

test('units stand in the names, and 10,000 Backups make no more series than one', async (t) => {
  const one = (await page([measured()], [ended('a', 'Complete', -60)]).read()).body;
  const runs = Array.from({ length: 20 }, (_, at) => ended(`run-${at}`, 'Complete', -60 * (at + 1)));
  const policies = Array.from({ length: 500 }, (_, at) => {
    const policy = measured();
    return { ...policy, metadata: { ...policy.metadata, name: `shop-${at}` } };
  });
  const many = (await page(policies, runs).read()).body;
  const count = (text: string): number => parse(text).filter(({ labels }) => labels['policy'] !== undefined).length;
  t.is(count(many), 500 * count(one));
  t.true(count(one) < 60, `${count(one)} series for a policy`);
  const known = /(_seconds|_bytes|_total|_info|_depth|_backups|_manifests|_resources|_slots|_open|_leader|_suspended|_condition|_up)$/;
  t.deepEqual(
    parse(many)
      .map(({ name }) => name)
      .filter((name) => name.startsWith('holdfast_') && !known.test(name)),
    [],
  );
  if (spawnSync('promtool', ['--version']).error === undefined) {
    const { status, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: one, encoding: 'utf8' });
    t.is(status, 0, stderr);
  }
});
