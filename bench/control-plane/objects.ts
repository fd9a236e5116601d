// Policies and finished Backups as a cluster has them that ran for a while: nothing is due, nothing is open.
import { apiVersion, label, annotation } from '../../src/api/group.ts';
import type { BackupStatus } from '../../src/api/backup.ts';
import type { PolicyStatus } from '../../src/api/policy.ts';
import { isoTime } from '../../src/core/plan/time.ts';
import { backupIdOf, scheduledBackupName } from '../../src/core/plan/names.ts';
import { publicKey } from '../../test/api/right-inputs.ts';
import { recipient } from '../../test/core/fixtures.ts';

export type Named = { namespace: string; name: string };
export type Finished = Named & { policy: string; slot: number; idHash: string };

const yearly = '0 3 1 1 *';
const [minute, day] = [60_000, 86_400_000];

export const policyObject = ({ namespace, name }: Named) => ({
  apiVersion,
  kind: 'BackupPolicy',
  metadata: { namespace, name },
  spec: {
    // Once in a year: backups, and readings of the tiers, too.
    schedules: { full: { cron: yearly, timeZone: 'Etc/UTC' }, health: { cron: yearly } },
    objectives: { rpo: '365d' },
    components: [
      {
        name: 'db',
        postgresql: { version: 17, connection: { host: 'postgres', sslMode: 'disable', credentialsSecretRef: { name: 'holdfast-db' } } },
      },
    ],
    encryption: {
      recipients: [recipient],
      signingKeySecretRef: { name: 'holdfast-signing' },
      verificationKeys: [{ id: '1aadab43b19edab5', key: publicKey }],
    },
    tiers: [
      { name: 'local', persistentVolumeClaim: { claimName: 'backups' } },
      {
        name: 'cloud',
        s3: {
          bucket: 'holdfast',
          prefix: `${namespace}/${name}`,
          endpoint: 'https://store.example.org',
          credentialsSecretRef: { name: 'holdfast-store' },
        },
      },
    ],
  },
});

// As the last reading of its tiers has left it.
export const policyStatus = (newest: Finished, now: number): PolicyStatus => ({
  repositoryId: '02463ac83d6c7c5fb7b3e778e2afede8',
  tiers: ['local', 'cloud'].map((name) => ({
    name,
    backups: 20,
    refused: 0,
    measuredTime: isoTime(now),
    latestBackupTime: isoTime(newest.slot),
    restorableTime: restorableTo(newest),
  })),
  components: [{ name: 'db', lastSuccessTime: isoTime(newest.slot), restorableTo: restorableTo(newest), bytes: 5_412_222 }],
  latestBackup: { name: newest.name, backupId: backupId(newest), bytes: 5_415_298, seconds: 5.316 },
});

// Backup number `age` before now of a policy: 0 is the newest.
export const finishedBackup = ({ namespace, name }: Named, age: number, now: number): Finished => {
  const slot = Math.floor((now - (age + 1) * day) / minute) * minute;
  const idHash = ((age + 1) * 2_654_435_761 + slot).toString(16).padStart(8, '0').slice(-8);
  return { namespace, policy: name, name: scheduledBackupName(name, 'Full', slot), slot, idHash };
};

const backupId = ({ slot, idHash }: Finished): string => backupIdOf(slot, 'Full', idHash);
const restorableTo = ({ slot, idHash }: Finished): string => new Date(slot + 3000 + (Number.parseInt(idHash, 16) % 9000)).toISOString();

export const backupObject = ({ namespace, name, policy, slot }: Finished) => ({
  apiVersion,
  kind: 'Backup',
  metadata: { namespace, name, labels: { [label.policy]: policy }, annotations: { [annotation.slot]: isoTime(slot) } },
  spec: { policyRef: { name: policy }, type: 'Full' },
});

export const backupStatus = (backup: Finished): BackupStatus => {
  const { slot } = backup;
  const condition = (type: string, reason: string, message: string, seconds: number) => ({
    type,
    status: 'True' as const,
    reason,
    message,
    observedGeneration: 1,
    lastTransitionTime: isoTime(slot + seconds * 1000),
  });
  const sealed = 'Every component is sealed on the primary tier.';
  return {
    observedGeneration: 1,
    phase: 'Complete',
    backupId: backupId(backup),
    startTime: isoTime(slot),
    endTime: isoTime(slot + 14_000),
    duration: '14s',
    bytes: 5_415_298,
    size: '5.42 MB',
    restorableTo: restorableTo(backup),
    sealAttempt: 1,
    components: [{ name: 'db', outcome: 'Succeeded', attempt: 1, bytes: 5_412_222, restorableTo: restorableTo(backup) }],
    tiers: [
      { name: 'local', state: 'Sealed' },
      { name: 'cloud', state: 'Sealed' },
    ],
    phases: [
      { name: 'dump db', seconds: 5 },
      { name: 'seal', seconds: 1 },
    ],
    verification: [
      { level: 'L2', tier: 'local', component: 'db', verdict: 'Passed', time: new Date(slot + 11_591).toISOString() },
      { level: 'L0', tier: 'local', verdict: 'Passed', time: new Date(slot + 13_660).toISOString() },
    ],
    conditions: [
      condition('Ready', 'Complete', sealed, 14),
      condition('Succeeded', 'Complete', sealed, 14),
      condition('Replicated', 'AllSealed', 'Every tier holds the backup: cloud too.', 19),
    ] as NonNullable<BackupStatus['conditions']>,
  };
};
