// pgBackRest: encrypted, zstd 3, two processes. It does not wait for its WAL to be archived (archive-check=n): its best case.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { giveToServer } from '../../test/engines/toolbox.ts';
import { measure, runQuietly } from '../common/measure.ts';
import { bucket } from '../common/s3.ts';
import { root } from '../common/settings.ts';
import type { Contestant, Target, Turn } from './contestant.ts';
import { storedIn } from './stored.ts';

const directoryPlace = ({ directory }: Turn): string => `
repo1-type=posix
repo1-path=${join(directory, 'repository')}`;

const s3Place = ({ s3, prefix }: Turn): string => `
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

const settings = (target: Target, bundled: boolean, turn: Turn): string => `
[global]
${target === 'directory' ? directoryPlace(turn) : s3Place(turn)}
repo1-cipher-type=aes-256-cbc
repo1-cipher-pass=password-of-the-bench-that-is-long-enough
repo1-bundle=${bundled ? 'y' : 'n'}
repo1-block=${bundled ? 'y' : 'n'}
compress-type=zst
compress-level=3
process-max=2
start-fast=y
lock-path=${join(turn.directory, 'lock')}
spool-path=${join(turn.directory, 'spool')}
log-level-console=warn
log-level-file=off

[global:backup]
archive-check=n

[bench]
pg1-path=${turn.server.dataDirectory}
pg1-port=${turn.server.port}
pg1-socket-path=${turn.server.socketDirectory}
pg1-user=postgres
`;

// Like the server it reads the data directory, so it runs as the same user.
const words = (configuration: string, verb: string[]): string[] => [
  join(root, 'hack/toolbox'),
  'run',
  '--as-holdfast',
  'pgbackrest',
  '--stanza=bench',
  `--config=${configuration}`,
  ...verb,
];

// `bundled`: small files together, and large ones in blocks (its options repo-bundle and repo-block).
export const pgbackrest = (target: Target, bundled: boolean): Contestant => ({
  name: bundled ? 'pgbackrest-bundle' : 'pgbackrest',
  target,
  async run(turn) {
    const configuration = join(turn.directory, 'pgbackrest.conf');
    await writeFile(configuration, settings(target, bundled, turn));
    await giveToServer(configuration);
    await runQuietly(words(configuration, ['stanza-create']));
    const measured = await measure({ words: words(configuration, ['backup', '--type=full']) });
    const stored = await storedIn(target === 'directory' ? join(turn.directory, 'repository') : join(turn.s3.bucketDirectory, turn.prefix));
    return { ...measured, stored };
  },
});
