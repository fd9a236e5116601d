// The settings of a server of ours: it talks to nobody, and does what it was started for.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ControlData } from './control-data.ts';

export type ServerPlace = {
  major: number;
  dataDirectory: string;
  // An empty folder of the server's user. Its path must be short: names of sockets are.
  privateDirectory: string;
  // From pg_controldata: a server that has less cannot go on with what this one wrote.
  control: Pick<ControlData, 'preparedTransactions' | 'walLevel' | 'trackCommitTimestamp'>;
  // Whether the settings of the data directory are left out: they are of another machine. The backup may have none, too.
  ownSettings: boolean;
};

// `access`: the lines of pg_hba.conf. Returns the parameters of `postgres`.
export const prepareServer = async (place: ServerPlace, access: string, settings: Record<string, string> = {}): Promise<string[]> => {
  const at = (name: string): string => join(place.privateDirectory, name);
  await writeFile(at('pg_hba.conf'), access);
  await writeFile(at('pg_ident.conf'), '');
  await writeFile(at('postgresql.conf'), '');
  const own = place.ownSettings ? ownSettings(place, at) : {};
  return ['-D', place.dataDirectory, ...[quiet(place), own, settings].flatMap(asParameters)];
};

// `-c name=value`, one after the other: what is set last wins. Targets of a recovery must be taken back before another one is set.
const asParameters = (settings: Record<string, string>): string[] =>
  Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);

// Commit times are thrown away by a server that does not keep them.
const ownSettings = ({ control }: ServerPlace, at: (name: string) => string): Record<string, string> => ({
  config_file: at('postgresql.conf'),
  ident_file: at('pg_ident.conf'),
  wal_level: control.walLevel,
  track_commit_timestamp: control.trackCommitTimestamp ? 'on' : 'off',
  max_wal_senders: '0',
  max_connections: '20',
  port: '5432',
});

const quiet = ({ major, privateDirectory, control }: ServerPlace): Record<string, string> => ({
  listen_addresses: '',
  unix_socket_directories: privateDirectory,
  hba_file: join(privateDirectory, 'pg_hba.conf'),
  // Of an earlier recovery, in a file that is read whatever stands here.
  recovery_target: '',
  recovery_target_name: '',
  recovery_target_time: '',
  recovery_target_xid: '',
  recovery_target_lsn: '',
  max_prepared_transactions: String(control.preparedTransactions),
  // Without readers the settings of the old server need not be matched.
  hot_standby: 'off',
  archive_mode: 'off',
  archive_command: '',
  primary_conninfo: '',
  primary_slot_name: '',
  synchronous_standby_names: '',
  max_logical_replication_workers: '0',
  shared_preload_libraries: '',
  session_preload_libraries: '',
  autovacuum: 'off',
  ssl: 'off',
  // What is written here is written down at the end, at once.
  fsync: 'off',
  shared_buffers: '256MB',
  huge_pages: 'off',
  // What the old server had may not be allowed here: containers forbid io_uring.
  ...(major >= 18 ? { io_method: 'sync' } : {}),
  // Triggers on login run what users wrote.
  ...(major >= 17 ? { event_triggers: 'off' } : {}),
  max_wal_size: '512MB',
  logging_collector: 'off',
  log_destination: 'stderr',
  log_min_messages: 'log',
  log_line_prefix: '',
  lc_messages: 'C',
  log_timezone: 'UTC',
  timezone: 'UTC',
  restart_after_crash: 'off',
});
