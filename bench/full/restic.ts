// restic on the data directory of the running server, between pg_backup_start and pg_backup_stop. Without WAL, as its users archive that in another way.
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { program, runProgram } from '../../test/engines/toolbox.ts';
import { measure } from '../common/measure.ts';
import { bucket } from '../common/s3.ts';
import type { Contestant, Target, Turn } from '../common/contestant.ts';
import { storedIn } from '../common/stored.ts';

// psql starts it, so that both calls are made by one session. Where restic fails, so does psql.
const session = `
\\set ON_ERROR_STOP on
SELECT pg_backup_start('bench', true);
\\! "$RESTIC" backup --quiet --exclude "$DATA/pg_wal/*" --exclude "$DATA/postmaster.*" "$DATA"
\\if :SHELL_ERROR
SELECT 1/0 AS restic_failed;
\\endif
SELECT lsn FROM pg_backup_stop(false);
`;

const environmentOf = (target: Target, { server, s3, directory, prefix }: Turn): Record<string, string> => ({
  RESTIC: '/usr/bin/restic',
  DATA: server.dataDirectory,
  RESTIC_PASSWORD: 'password-of-the-bench',
  RESTIC_CACHE_DIR: join(directory, 'cache'),
  RESTIC_REPOSITORY: target === 'directory' ? join(directory, 'repository') : `s3:https://127.0.0.1:${s3.port}/${bucket}/${prefix}`,
  RESTIC_CACERT: s3.caFile,
  AWS_ACCESS_KEY_ID: s3.accessKeyId,
  AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
  AWS_DEFAULT_REGION: 'us-east-1',
});

export const restic = (target: Target): Contestant => ({
  name: 'restic',
  target,
  async run(turn) {
    const { server, s3, directory, prefix } = turn;
    const environment = environmentOf(target, turn);
    const file = join(directory, 'session.sql');
    await mkdir(join(directory, 'cache'));
    await writeFile(file, session);
    await chmod(file, 0o644);
    await runProgram('restic', ['init', '--quiet'], environment);
    const measured = await measure({
      words: [
        program('psql'),
        '--quiet',
        '--no-psqlrc',
        '--host',
        server.socketDirectory,
        '--port',
        String(server.port),
        '--username=postgres',
        '--file',
        file,
        'postgres',
      ],
      environment,
    });
    return {
      ...measured,
      stored: await storedIn(target === 'directory' ? join(directory, 'repository') : join(s3.bucketDirectory, prefix)),
    };
  },
});
