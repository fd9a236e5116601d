// The options of `restore --emergency`, and which of them belong to it alone.
import { Option } from 'commander';
import type { Command } from 'commander';
import { safetyBackups } from '../../api/restore.ts';
import type { SafetyBackup } from '../../api/restore.ts';
import { clusterOptions } from '../common/definition.ts';
import type { ClusterOptions } from '../common/definition.ts';
import { wrongUse } from '../common/errors.ts';
import { collect } from '../common/store-options.ts';
import { dashed } from '../restore/next.ts';
import type { RecoveryOptions } from '../restore/options.ts';

export type EmergencyOptions = ClusterOptions &
  RecoveryOptions & {
    // A backup, `latest`; true where only a point in time is named.
    emergency?: string | true;
    policy?: string;
    tier?: string;
    claim?: string;
    path?: string;
    runAs?: string;
    identitySecret?: string;
    stop?: string[];
    safetyBackup?: SafetyBackup;
    confirm?: string;
    output?: 'json';
  };

export const emergencyOptions = (command: Command): Command =>
  clusterOptions(
    command
      .option(
        '--emergency [backup]',
        'in the cluster, in place: a backup as `list` names it, or "latest"; with --to-time and the like it is the backup to start from, and may be left out',
      )
      .option('--policy <name>', 'with --emergency: the BackupPolicy (default: the only one of the namespace)')
      .option('--tier <name>', 'with --emergency: the tier that is read (default: the first one)')
      .option('--claim <name>', 'with --emergency: the claim that holds the data directory (default: that of the database of the policy)')
      .option('--path <folder>', 'with --emergency: the data directory within the claim (default: what the workload says by PGDATA)')
      .option('--run-as <uid:gid>', 'with --emergency: whose files they are (default: what the workload runs as)')
      .option('--identity-secret <name>', 'with --emergency, instead of --identity: a Secret with the identity, as <name> or <name>/<key>')
      .option(
        '--stop <kind/name>',
        'with --emergency: stop this Deployment or StatefulSet, too, such as deployment/web (repeatable)',
        collect,
      )
      .addOption(
        new Option('--safety-backup <how>', 'with --emergency: what becomes of what is there (default: Required)').choices(safetyBackups),
      )
      .option('--confirm <namespace/policy>', 'with --emergency: the policy whose data is replaced, written out: nothing is asked')
      .addOption(new Option('-o, --output <format>', 'with --emergency: one document at the end, for tools').choices(['json'])),
  );

const onlyInCluster: (keyof EmergencyOptions)[] = [
  'policy',
  'tier',
  'claim',
  'path',
  'runAs',
  'identitySecret',
  'stop',
  'safetyBackup',
  'confirm',
  'output',
  'namespace',
  'context',
  'kubeconfig',
];

const onlyOffline: (keyof EmergencyOptions)[] = [
  'from',
  'to',
  'into',
  'owner',
  'keep',
  'postgresqlBin',
  'verificationKey',
  'database',
  'schema',
  'table',
  'intoDatabase',
  'add',
  'endpoint',
  'region',
  'caFile',
  'credentialsDir',
  'backup',
  'latest',
];

// Nothing that was written is ignored.
export const mustFit = (options: EmergencyOptions): void => {
  const inCluster = options.emergency !== undefined;
  // `--no-roles`: without it, roles is true.
  const roles = options.roles === false ? (['roles'] as const) : [];
  const strange = inCluster
    ? [...onlyOffline.filter((name) => options[name] !== undefined), ...roles][0]
    : onlyInCluster.find((name) => options[name] !== undefined);
  if (strange !== undefined) {
    throw wrongUse(
      inCluster
        ? `--${strange === 'roles' ? 'no-roles' : dashed(strange)} does not go with --emergency.`
        : `--${dashed(strange)} goes with --emergency.`,
      inCluster
        ? 'Leave it out; or leave out --emergency, to restore from a store without any cluster.'
        : 'Add --emergency <backup>|latest for a restore in the cluster, or leave it out.',
    );
  }
};
