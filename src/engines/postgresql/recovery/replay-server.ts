// A server that replays WAL up to a point, opens, and stops again. It talks to nobody: no network, a private socket folder, no archive, no jobs.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { redact } from '../../../telemetry/redact.ts';
import { EngineError } from '../../engine.ts';
import { readReplayLog } from './replay-log.ts';
import type { ReplayLog } from './replay-log.ts';

export type ReplayOptions = {
  // The program `postgres`, and its major version.
  program: string;
  major: number;
  dataDirectory: string;
  // An empty folder of the server's user. Its path must be short: names of sockets are.
  privateDirectory: string;
  restoreCommand: string;
  timeline: number;
  // recovery_target_… settings; none: the end of the WAL.
  target: Record<string, string>;
  // From pg_controldata: a server with fewer cannot replay what this one prepared.
  preparedTransactions: number;
  // Who runs it; default: the one who restores.
  user?: { uid: number; gid: number };
  signal: AbortSignal;
};

const tailCharacters = 256 * 1024;

const settings = (options: ReplayOptions): Record<string, string> => ({
  listen_addresses: '',
  unix_socket_directories: options.privateDirectory,
  hba_file: join(options.privateDirectory, 'pg_hba.conf'),
  restore_command: options.restoreCommand,
  recovery_target_timeline: String(options.timeline),
  ...options.target,
  recovery_target_action: 'promote',
  max_prepared_transactions: String(options.preparedTransactions),
  // Without readers the settings of the old server need not be matched.
  hot_standby: 'off',
  archive_mode: 'off',
  archive_command: '',
  primary_conninfo: '',
  primary_slot_name: '',
  synchronous_standby_names: '',
  max_logical_replication_workers: '0',
  shared_preload_libraries: '',
  autovacuum: 'off',
  ssl: 'off',
  // What is replayed is written down at the end, at once.
  fsync: 'off',
  shared_buffers: '256MB',
  huge_pages: 'off',
  // What the old server had may not be allowed here: containers forbid io_uring.
  ...(options.major >= 18 ? { io_method: 'sync' } : {}),
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

export type Replayed = ReplayLog & { said: string };

// Runs it to its end. `opened: false` with `reachedTarget: false`: the WAL ended before the target, which is an answer and no failure.
export const replay = async (options: ReplayOptions): Promise<Replayed> => {
  const { dataDirectory, privateDirectory, user, signal } = options;
  signal.throwIfAborted();
  await writeFile(join(dataDirectory, 'recovery.signal'), '');
  await writeFile(join(privateDirectory, 'pg_hba.conf'), 'local all all reject\n');
  const parameters = Object.entries(settings(options)).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const child = spawn(options.program, ['-D', dataDirectory, ...parameters], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
    ...user,
  });
  const stop = (): void => void child.kill('SIGQUIT');
  signal.addEventListener('abort', stop, { once: true });
  try {
    const said = await untilStopped(child);
    signal.throwIfAborted();
    return judge(said);
  } finally {
    signal.removeEventListener('abort', stop);
  }
};

// As soon as it has opened it is told to stop, as an administrator would.
const untilStopped = (child: ChildProcess): Promise<string> => {
  let said = '';
  let told = false;
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-tailCharacters);
    if (!told && readReplayLog(said).opened) {
      told = true;
      child.kill('SIGINT');
    }
  });
  return new Promise((resolve, reject) => {
    child.once('error', (cause) => reject(new EngineError('RestoreFailed', `PostgreSQL could not start: ${cause.message}`, { cause })));
    child.once('close', () => resolve(said));
  });
};

const judge = (said: string): Replayed => {
  const log = readReplayLog(said);
  if (log.opened || log.endedEarly) {
    return { ...log, said };
  }
  const words = redact(said)
    .split('\n')
    .filter((line) => /(?:^|\] )(?:FATAL|PANIC|ERROR|HINT|DETAIL):/.test(line))
    .slice(-4)
    .join(' · ');
  throw new EngineError('RestoreFailed', `The server could not replay the WAL: ${words === '' ? said.trim().slice(-500) : words}`);
};
