// pgBackRest: restore by two processes, and replay by a server whose restore_command is its asynchronous archive-get.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { giveToServer } from '../../test/engines/toolbox.ts';
import type { Contestant } from '../common/contestant.ts';
import { measure, runQuietly } from '../common/measure.ts';
import { asServer, pgbackrestParameters, pgbackrestWords } from '../common/pgbackrest.ts';
import { storedIn } from '../common/stored.ts';
import type { Stored } from './store.ts';

const restoreWords = async ({ configuration, fullLabel }: Stored, path: string, set: 'full' | 'chain'): Promise<string[]> => {
  await mkdir(path, { mode: 0o700 });
  await giveToServer(path);
  return pgbackrestWords(configuration, ['restore', `--pg1-path=${path}`, ...(set === 'full' ? [`--set=${fullLabel}`] : [])]);
};

export const pgbackrest = (stored: Stored, set: 'full' | 'chain'): Contestant => ({
  name: 'pgbackrest',
  target: 's3',
  async run({ directory }) {
    const path = join(directory, 'restored');
    const measured = await measure({ words: await restoreWords(stored, path, set) });
    return { ...measured, stored: await storedIn(path) };
  },
});

// As our replay has its server, but that it need not open: its best case.
const settings = {
  listen_addresses: '',
  port: '1',
  hot_standby: 'off',
  fsync: 'off',
  shared_buffers: '256MB',
  max_wal_size: '512MB',
  archive_mode: 'off',
  autovacuum: 'off',
  recovery_target_inclusive: 'true',
  recovery_target_action: 'shutdown',
};

// Whatever it ends with: it must have come to the target.
const replay = `
postgres "$@" >"$0.log" 2>&1 || true
grep -q 'recovery stopping \\(before\\|after\\) WAL location' "$0.log" || { tail -20 "$0.log"; exit 1; }`;

export const pgbackrestReplaying = (stored: Stored): Contestant => ({
  name: 'pgbackrest',
  target: 's3',
  async run({ directory }) {
    const path = join(directory, 'restored');
    await runQuietly(await restoreWords(stored, path, 'chain'));
    const all = {
      ...settings,
      unix_socket_directories: directory,
      recovery_target_lsn: stored.end,
      restore_command: `pgbackrest ${pgbackrestParameters(stored.configuration).join(' ')} --pg1-path=${path} archive-get %f "%p"`,
    };
    const parameters = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const measured = await measure({ words: asServer(['bash', '-c', replay, path, '-D', path, ...parameters]) });
    return { ...measured, stored: await storedIn(path) };
  },
});
