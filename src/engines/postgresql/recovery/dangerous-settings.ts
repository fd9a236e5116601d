// Settings by which a restored server would act on the world it came from: its archive, its primary, its replicas, other servers, jobs. Pure.

export type SafeSetting = { name: string; value: string; why: string; since?: number };

// What stands in holdfast.conf, whether the server had set it or not. `since`: the major that has the setting.
export const safeSettings: readonly SafeSetting[] = [
  { name: 'archive_mode', value: 'off', why: 'it would write into the archive of the server that it is a copy of' },
  { name: 'archive_command', value: '', why: 'as archive_mode' },
  { name: 'archive_library', value: '', why: 'as archive_mode', since: 15 },
  { name: 'archive_cleanup_command', value: '', why: 'it would delete from an archive' },
  { name: 'restore_command', value: '', why: 'it would read from an archive that is not its own' },
  { name: 'recovery_end_command', value: '', why: 'a program of the old place' },
  { name: 'primary_conninfo', value: '', why: 'it would follow the old primary' },
  { name: 'primary_slot_name', value: '', why: 'as primary_conninfo' },
  { name: 'synchronous_standby_names', value: '', why: 'every commit would wait for replicas that it does not have' },
  { name: 'max_logical_replication_workers', value: '0', why: 'its subscriptions would take changes from other servers' },
  { name: 'sync_replication_slots', value: 'off', why: 'as primary_conninfo', since: 17 },
];

// Where a server keeps its files: of the old place, and dangerous here. They are taken out of force in every file of the directory.
export const placeSettings: readonly string[] = ['data_directory', 'hba_file', 'ident_file', 'external_pid_file'];

// What said where an earlier recovery ended.
export const targetSettings: readonly string[] = [
  'recovery_target',
  'recovery_target_time',
  'recovery_target_lsn',
  'recovery_target_xid',
  'recovery_target_name',
  'recovery_target_inclusive',
  'recovery_target_action',
  'recovery_target_timeline',
];

// Libraries that run jobs or talk to other servers by themselves.
const busyLibraries = new Set(['pg_cron', 'pg_net', 'pg_partman_bgw', 'pglogical', 'bdr', 'spock', 'pgactive', 'pg_task']);

// The list of shared_preload_libraries without those, and those.
export const withoutBusyLibraries = (list: string): { kept: string; dropped: string[] } => {
  const names = list
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  return {
    kept: names.filter((name) => !busyLibraries.has(fileName(name))).join(', '),
    dropped: names.filter((name) => busyLibraries.has(fileName(name))),
  };
};

// `"$libdir/pg_cron.so"` is pg_cron.
const fileName = (library: string): string => library.replaceAll('"', '').replace(/^.*\//, '').replace(/\.so$/, '');

// Names that a user may ask to be kept as they were.
export const keepable: readonly string[] = [...safeSettings.map(({ name }) => name), 'shared_preload_libraries'];
