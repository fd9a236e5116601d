// pgBackRest: encrypted, zstd 3, two processes.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { giveToServer } from '../../test/engines/toolbox.ts';
import { runQuietly } from './measure.ts';
import type { Target, Turn } from './contestant.ts';
import { bucket } from './s3.ts';
import { root } from './settings.ts';

export type PgbackrestPlace = Pick<Turn, 'server' | 's3' | 'directory' | 'prefix'>;

const directoryPlace = ({ directory }: PgbackrestPlace): string => `
repo1-type=posix
repo1-path=${join(directory, 'repository')}`;

const s3Place = ({ s3, prefix }: PgbackrestPlace): string => `
repo1-type=s3
repo1-path=/${prefix}
repo1-s3-bucket=${bucket}
repo1-s3-endpoint=127.0.0.1
repo1-s3-region=us-east-1
repo1-s3-uri-style=path
repo1-s3-key=${s3.accessKeyId}
repo1-s3-key-secret=${s3.secretAccessKey}
repo1-storage-host=127.0.0.1
repo1-storage-port=${s3.port}
repo1-storage-ca-file=${s3.caFile}
repo1-storage-verify-tls=y`;

// It does not wait for its WAL to be archived (archive-check=n): its best case. `bundled`: small files together, and large ones in blocks (its options
// repo-bundle and repo-block).
const settings = (target: Target, bundled: boolean, place: PgbackrestPlace): string => `
[global]
${target === 'directory' ? directoryPlace(place) : s3Place(place)}
repo1-cipher-type=aes-256-cbc
repo1-cipher-pass=password-of-the-bench-that-is-long-enough
repo1-bundle=${bundled ? 'y' : 'n'}
repo1-block=${bundled ? 'y' : 'n'}
compress-type=zst
compress-level=3
process-max=2
start-fast=y
archive-async=y
lock-path=${join(place.directory, 'lock')}
spool-path=${join(place.directory, 'spool')}
log-level-console=warn
log-level-file=off

[global:backup]
archive-check=n

[bench]
pg1-path=${place.server.dataDirectory}
pg1-port=${place.server.port}
pg1-socket-path=${place.server.socketDirectory}
pg1-user=postgres
`;

// Writes its configuration and makes the repository. Gives the path of the configuration.
export const makeStanza = async (target: Target, bundled: boolean, place: PgbackrestPlace): Promise<string> => {
  const configuration = join(place.directory, 'pgbackrest.conf');
  await writeFile(configuration, settings(target, bundled, place));
  await giveToServer(configuration);
  await runQuietly(pgbackrestWords(configuration, ['stanza-create']));
  return configuration;
};

// Like the server it reads the data directory, so it runs as the same user.
export const asServer = (words: string[]): string[] => [join(root, 'hack/toolbox'), 'run', '--as-holdfast', ...words];

export const pgbackrestParameters = (configuration: string): string[] => ['--stanza=bench', `--config=${configuration}`];

export const pgbackrestWords = (configuration: string, verb: string[]): string[] =>
  asServer(['pgbackrest', ...pgbackrestParameters(configuration), ...verb]);
