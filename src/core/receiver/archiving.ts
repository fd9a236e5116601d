// The condition ArchivingHealthy: the worst archive of the policy. A tier that follows late breaks no archive, and is said all the same.
import type { BackupPolicy } from '../../api/objects.ts';
import type { WalArchiveStatus } from '../../api/wal-status.ts';
import type { NewCondition } from '../plan/conditions.ts';
import { acknowledgingTiers } from '../wal/acknowledging.ts';
import { receiversOf } from './wanted.ts';

const type = 'ArchivingHealthy' as const;
const between = ' · ';

// Undefined where nothing is archived all the time.
export const archivingHealthy = (policy: BackupPolicy, archives: readonly WalArchiveStatus[]): NewCondition | undefined => {
  if (archives.length === 0) {
    return undefined;
  }
  const failing = archives.filter(({ state }) => state === 'Failing');
  const [worst] = failing;
  if (worst !== undefined) {
    return { type, status: 'False', reason: reasonOf(worst), message: failing.map(said).join(between) };
  }
  const idle = archives.filter(({ state }) => state !== 'Archiving');
  if (idle.length > 0) {
    const reason = idle.every(({ state }) => state === 'Suspended') ? 'Suspended' : 'ReceiverStarting';
    return { type, status: 'Unknown', reason, message: idle.map(said).join(between) };
  }
  return behind(archives) ?? onSite(policy) ?? { type, status: 'True', reason: 'WalArchived', message: 'WAL is stored as it is written.' };
};

const reasonOf = ({ reason }: WalArchiveStatus): NewCondition['reason'] => (reason ?? 'ReceiverFailed') as NewCondition['reason'];

const said = ({ component, message }: WalArchiveStatus): string => `${component}: ${message ?? ''}`;

const behind = (archives: readonly WalArchiveStatus[]): NewCondition | undefined => {
  const late = archives.flatMap(({ component, followers = [] }) =>
    followers.flatMap(({ tier, problem }) =>
      problem === undefined ? [] : [`${tier} does not follow the WAL of ${component}. ${problem}`],
    ),
  );
  return late.length === 0
    ? undefined
    : { type, status: 'True', reason: 'TierBehind', message: `WAL is stored as it is written. ${late.join(between)}` };
};

// Where only volumes of this cluster acknowledge, the server may remove what no other place has.
const onSite = (policy: BackupPolicy): NewCondition | undefined => {
  const { tiers } = policy.spec;
  const isOffsite = (name: string): boolean => tiers.some((tier) => tier.name === name && tier.persistentVolumeClaim === undefined);
  const atRisk = receiversOf(policy).filter(({ walArchive }) => !acknowledgingTiers(policy.spec, walArchive).some(isOffsite));
  if (atRisk.length === 0) {
    return undefined;
  }
  const others = tiers.map(({ name }) => name).filter(isOffsite);
  const which = atRisk.map(({ component }) => component).join(', ');
  const what =
    others.length === 0
      ? 'No tier is outside of this cluster: with its volumes the archive is lost, too. Add a tier elsewhere.'
      : `Only volumes of this cluster acknowledge; ${others.join(', ')} follows a little later, and what it lacks is lost with the cluster. To wait for it: walArchive.acknowledge.`;
  return { type, status: 'True', reason: 'AcknowledgedOnSite', message: `WAL is stored as it is written. ${which}: ${what}` };
};
