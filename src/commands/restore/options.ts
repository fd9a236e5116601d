// The options of `restore` and `plan restore`.
import type { Command } from 'commander';
import type { LocationOptions } from '../common/location.ts';
import { collect, storeOptions } from '../common/store-options.ts';
import type { PointOptions } from './point.ts';

export type RecoveryOptions = LocationOptions &
  PointOptions & {
    from?: string;
    identity?: string[];
    verificationKey?: string[];
    component?: string;
    to?: string;
    owner?: string;
    keep?: string[];
    postgresqlBin?: string;
    into?: string;
    database?: string[];
    schema?: string[];
    table?: string[];
    intoDatabase?: string;
    add?: true;
    roles?: boolean;
  };

export const recoveryOptions = (command: Command): Command =>
  storeOptions(
    command
      .option('--from <location>', 'the repository: a folder, or s3://<bucket>/<prefix>')
      .option('--identity <file>', 'the age identity out of the safe: identity.txt of keygen (repeatable)', collect)
      .option(
        '--verification-key <file>',
        'whose signatures to believe (repeatable; default: the keys in the comments of identity.txt)',
        collect,
      )
      .option('--component <name>', 'which component (default: the only one)')
      .option('--latest', 'the newest point that can be reached')
      .option('--backup <id>', 'this backup, as `list --from` names it')
      .option('--to-time <time>', 'a point in time: RFC 3339 with offset, such as 2026-11-22T14:03:07+01:00')
      .option('--to-lsn <lsn>', 'a place in the WAL, such as 0/3000028')
      .option('--to-name <name>', 'a restore point that pg_create_restore_point made')
      .option('--exclusive', 'leave out what happened at that very time or place')
      .option('--timeline <n>', 'timeline of the point (default: the newest that has it)')
      .option('--base <id>', 'the backup to start from (default: the newest one before the point)')
      .option('--to <dir>', 'a data directory that a server can start on; must be empty or not there'),
  )
    .option('--owner <user>', 'whose files they shall be, where root restores: a name, or <uid>:<gid>')
    .option('--keep <setting>', 'leave this setting as it was, such as archive_command (repeatable)', collect)
    .option('--postgresql-bin <dir>', 'folder of the programs of PostgreSQL (default: $PATH and the usual places)')
    .option(
      '--into <connection>',
      'instead of --to: a running server, for the dumps, as libpq takes it: host=… user=…, or postgresql://…; passwords come from PGPASSWORD, PGPASSFILE or ~/.pgpass',
    )
    .option('--database <name>', 'with --into: only the dump of this database (repeatable)', collect)
    .option('--schema <name>', 'with --into: only this schema (repeatable)', collect)
    .option(
      '--table <name>',
      'with --into: only this table with all that hangs on it, as <table> or <schema>.<table> (repeatable)',
      collect,
    )
    .option('--into-database <name>', 'with --into: the database that one dump goes into (default: its own name)')
    .option('--add', 'with --into: the database may hold something already; where something is in the way, nothing is changed')
    .option('--no-roles', 'with --into: make no roles');
