// Restores in the states that commands are tried on.
import { apiVersion } from '../../src/api/group.ts';
import type { Restore } from '../../src/api/objects.ts';
import { restoreSpecSchema } from '../../src/api/restore.ts';
import type { RestoreStatus } from '../../src/api/restore-status.ts';
import { condition } from './examples.ts';

export const planHash = '0123456789abcdef';
export const backupId = '20261122T020000Z-full-3f9a1c04';

export const makeRestore = (status?: RestoreStatus, spec: object = {}, name = 'shop-back'): Restore => ({
  apiVersion,
  kind: 'Restore',
  metadata: {
    name,
    namespace: 'shop',
    uid: `uid of ${name}`,
    generation: 1,
    resourceVersion: '1',
    creationTimestamp: '2026-11-22T05:00:00Z',
  },
  spec: restoreSpecSchema.parse({
    source: { policyRef: { name: 'shop' }, latest: true, identitySecretRef: { name: 'shop-identity' } },
    components: [{ name: 'db', target: { inPlace: { claimName: 'data-postgres-0' } } }],
    confirmation: 'shop/shop',
    ...spec,
  }),
  ...(status === undefined ? {} : { status }),
});

export const succeeded = (status: 'True' | 'False' | 'Unknown', reason: string, message: string) =>
  condition('Succeeded', status, reason, message);

export const plan: NonNullable<RestoreStatus['plan']> = {
  hash: planHash,
  time: '2026-11-22T05:00:10Z',
  fetchBytes: 118_000_000,
  estimateSeconds: 95,
  components: [
    {
      name: 'db',
      hash: planHash,
      target: 'in place, in the claim data-postgres-0 (pgdata)',
      overwrites: 'the data directory pgdata of data-postgres-0; it is put aside',
      backupId: '20261122T040000Z-incremental-11aa22bb',
      chain: [backupId, '20261122T040000Z-incremental-11aa22bb'],
      reachesTime: '2026-11-22T04:59:30Z',
      reachesLsn: '0/3000028',
      timeline: 1,
      fetchBytes: 118_000_000,
      spaceBytes: 400_000_000,
      estimateSeconds: 95,
      lost: 'Every commit after 2026-11-22T04:59:30Z.',
      notes: ['WAL of 3 h is replayed.'],
    },
  ],
  stops: ['Deployment web (3 replicas)', 'StatefulSet postgres (1 replica)'],
  notes: ['Deployment web is applied by Argo CD (application shop).'],
};

// What people are shown of that plan, below the line with its hash.
export const planRows = [
  'READS       118 MB from the store; about 1m 35s at the speed that was measured',
  'STOPS       Deployment web (3 replicas), StatefulSet postgres (1 replica)',
  'NOTE        Deployment web is applied by Argo CD (application shop).',
  '',
  'db',
  '  INTO      in place, in the claim data-postgres-0 (pgdata)',
  '  REPLACES  the data directory pgdata of data-postgres-0; it is put aside',
  '  REACHES   every commit before 2026-11-22T04:59:30Z, LSN 0/3000028, timeline 1',
  '  LOST      Every commit after 2026-11-22T04:59:30Z.',
  '  CHAIN     20261122T020000Z-full-3f9a1c04, then 20261122T040000Z-incremental-11aa22bb',
  '  ROOM      400 MB',
  '  NOTE      WAL of 3 h is replayed.',
];

export const planning: RestoreStatus = {
  phase: 'Planning',
  stage: 'Planning',
  conditions: [succeeded('Unknown', 'Planning', 'The source is being checked.')],
};

export const awaiting: RestoreStatus = {
  phase: 'AwaitingApproval',
  stage: 'Approving',
  plan,
  conditions: [succeeded('Unknown', 'ApprovalRequired', 'The plan waits for approval.')],
};

export const restoring: RestoreStatus = {
  phase: 'Running',
  stage: 'Restoring',
  stageTime: '2026-11-22T05:01:00Z',
  startTime: '2026-11-22T05:00:05Z',
  plan,
  rto: { objectiveSeconds: 14_400 },
  progress: { component: 'db', phase: 'fetch', bytes: 40_000_000, time: '2026-11-22T05:02:00Z' },
  conditions: [succeeded('Unknown', 'Restoring', 'Data is being read.')],
};

export const restored: RestoreStatus = {
  phase: 'Complete',
  startTime: '2026-11-22T05:00:05Z',
  endTime: '2026-11-22T05:02:15Z',
  duration: '2m 10s',
  plan,
  rto: { objectiveSeconds: 14_400, measuredSeconds: 130 },
  phases: [
    { name: 'plan', seconds: 12 },
    { name: 'fetch', seconds: 80.4 },
    { name: 'replay', seconds: 37.6 },
  ],
  components: [
    {
      name: 'db',
      outcome: 'Verified',
      claimName: 'data-postgres-0',
      path: 'pgdata',
      reachedLsn: '0/3000028',
      timeline: 2,
      replaced: true,
      kept: true,
    },
  ],
  undo: { state: 'Available', method: 'Renamed', components: ['db'], until: '2026-11-29T05:02:15Z' },
  conditions: [succeeded('True', 'Restored', 'Everything is back, and was verified.')],
};

export const failed = (reason: string, message: string): RestoreStatus => ({
  phase: 'Failed',
  endTime: '2026-11-22T05:02:15Z',
  conditions: [succeeded('False', reason, message), condition('Stalled', 'True', reason, message)],
});
