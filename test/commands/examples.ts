// Resources in the states that tables and pages are shown of.
import type { Condition } from '../../src/api/run-status.ts';
import { makeBackup, makePolicy } from '../core/fixtures.ts';

export const now = Date.parse('2026-11-22T05:12:30Z');

export const condition = (type: string, status: Condition['status'], reason: string, message: string): Condition => ({
  type,
  status,
  reason,
  message,
  lastTransitionTime: '2026-11-22T02:00:00Z',
});

export const armed = condition('Ready', 'True', 'Armed', 'The policy is valid. The schedules run.');

export const healthyPolicy = () =>
  makePolicy(
    { schedules: { full: { cron: '0 2 * * *' } } },
    {
      observedGeneration: 1,
      repositoryId: '0123456789abcdef0123456789abcdef',
      conditions: [armed, condition('StorageHealthy', 'True', 'AllVerified', 'Every manifest that was found verified, on every tier.')],
      rpo: { restorableTime: '2026-11-22T02:00:03Z' },
      tiers: [
        { name: 'local', latestBackupTime: '2026-11-22T02:00:00Z', backups: 12, refused: 0, measuredTime: '2026-11-22T02:03:00Z' },
        { name: 'cloud', latestBackupTime: '2026-11-22T02:00:00Z', backups: 40, refused: 0, measuredTime: '2026-11-22T02:05:00Z' },
      ],
      components: [
        { name: 'db', restorableTo: '2026-11-22T02:00:03Z', lastSuccessTime: '2026-11-22T02:00:00Z', bytes: 117_000_000 },
        { name: 'stock', restorableTo: '2026-11-22T02:00:09Z', lastSuccessTime: '2026-11-22T02:00:00Z', bytes: 1_000_000 },
      ],
      latestBackup: { name: 'shop-full-202611220200', backupId: '20261122T020000Z-full-3f9a1c04', bytes: 118_000_000, seconds: 130 },
      lastScheduleTime: '2026-11-22T02:00:00Z',
      next: [{ type: 'Full', time: '2026-11-23T02:00:00Z' }],
    },
  );

export const completeBackup = () =>
  makeBackup({
    phase: 'Complete',
    backupId: '20261122T020000Z-full-3f9a1c04',
    startTime: '2026-11-22T02:00:00Z',
    endTime: '2026-11-22T02:02:10Z',
    bytes: 118_000_000,
    size: '118 MB',
    duration: '2m 10s',
    restorableTo: '2026-11-22T02:00:03Z',
    conditions: [
      condition('Succeeded', 'True', 'Complete', 'Every component is sealed on the primary tier.'),
      condition('Ready', 'True', 'Complete', 'Every component is sealed on the primary tier.'),
    ],
    tiers: [
      { name: 'local', state: 'Sealed' },
      { name: 'cloud', state: 'Sealed' },
    ],
    components: [
      { name: 'db', outcome: 'Succeeded', bytes: 117_000_000 },
      { name: 'stock', outcome: 'Succeeded', bytes: 1_000_000 },
    ],
  });

export const runningBackup = () =>
  makeBackup(
    {
      phase: 'Running',
      backupId: '20261122T051100Z-full-77aa00ff',
      startTime: '2026-11-22T05:11:00Z',
      conditions: [condition('Succeeded', 'Unknown', 'Running', '0 of 2 components dumped')],
      progress: { component: 'db', phase: 'dump base.tar', bytes: 12_000_000, time: '2026-11-22T05:12:28Z' },
      tiers: [
        { name: 'local', state: 'Pending' },
        { name: 'cloud', state: 'Pending' },
      ],
      components: [
        { name: 'db', outcome: 'Running' },
        { name: 'stock', outcome: 'Pending' },
      ],
    },
    { name: 'shop-manual-20261122051100', uid: 'running-uid', creationTimestamp: '2026-11-22T05:11:00Z' },
  );

// What failed says so in words that came from outside: they may hold anything.
export const partialBackup = () =>
  makeBackup(
    {
      phase: 'PartiallyFailed',
      backupId: '20261121T020000Z-full-00ff00ff',
      startTime: '2026-11-21T02:00:00Z',
      endTime: '2026-11-21T02:01:00Z',
      bytes: 117_000_000,
      size: '117 MB',
      restorableTo: '2026-11-21T02:00:03Z',
      conditions: [condition('Succeeded', 'False', 'PartiallyFailed', 'stock: \u001b[2Jthe password\nis wrong')],
      tiers: [
        { name: 'local', state: 'Sealed' },
        { name: 'cloud', state: 'Lagging', message: 'cloud does not answer' },
      ],
      components: [
        { name: 'db', outcome: 'Succeeded' },
        { name: 'stock', outcome: 'Failed', category: 'Configuration', message: 'the password is wrong' },
      ],
    },
    { name: 'shop-full-202611210200', uid: 'partial-uid', creationTimestamp: '2026-11-21T02:00:00Z' },
  );
