// The physical copy: pg_basebackup as one tar stream that holds its own WAL, compressed by pg_basebackup itself.
import type { Readable } from 'node:stream';
import { availableParallelism } from 'node:os';
import type { WholeCopy } from '../../../api/backup-type.ts';
import type { ReadBack, StreamedArtifact } from '../../engine.ts';
import type { ServerFacts } from '../server-facts.ts';
import { feed } from '../feed.ts';
import { startTool } from '../tool.ts';
import { connectionString } from '../tool-environment.ts';
import { readAll } from '../read-all.ts';
import { readBackupManifest } from './backup-manifest.ts';
import type { BackupManifest } from './backup-manifest.ts';
import { checkBase, checkKind } from './check-base.ts';
import { begunOrRefused } from './begun-or-refused.ts';
import type { Copy } from './begun-or-refused.ts';
import { readTarListing } from './tar-listing.ts';

const compressionLevel = 3;
const mostWorkers = 2;
// A manifest has about 150 bytes a file: this is for three million files.
const largestManifestBytes = 512 * 1024 ** 2;

// `-X fetch`: WAL comes at the end of the same stream. CRC32C costs the server nothing; what is stored has our own digests.
const wholeCopy = `pg_basebackup --pgdata=- --format=tar --wal-method=fetch --checkpoint=fast --no-password \
  --manifest-checksums=CRC32C --label=holdfast --dbname="$1" $2`;
const copyScript = `exec ${wholeCopy}`;
// The list of the older copy comes on stdin. It is handed on as a pipe, which has a name and needs no room: pg_basebackup reads it once, from its
// beginning. The shell stays, as the parent of `cat`: pg_basebackup takes the end of any child of its own for a disaster.
const incrementScript = `exec 6<&0 </dev/null; ${wholeCopy} --incremental=<(cat <&6) || exit $?`;
// Before 15 it cannot compress with zstd.
const pipedScript = `pg_basebackup --pgdata=- --format=tar --wal-method=fetch --checkpoint=fast --no-password \
  --manifest-checksums=CRC32C --label=holdfast --dbname="$1" | zstd -q -${compressionLevel} -T$2`;

// Decompresses once. One tar lists all members on descriptor 3, the other gives the manifest on stdout.
const readBackScript = String.raw`{ zstd -dcq \
  | { tee /dev/fd/4 | tar --extract --to-stdout --file=- backup_manifest >&5; } 4>&1 \
  | tar --list --verbose --numeric-owner --quoting-style=escape --file=- >&3; } 5>&1`;

type BaseBackupOptions = {
  environment: Record<string, string>;
  database: string;
  server: ServerFacts;
  // The backup_manifest of the copy that this one builds on. Absent: a whole copy. `required`: rather none than a whole one.
  older?: { manifest: Buffer; required: boolean };
  // Told why the server makes no increment, before the whole copy that stands for it begins.
  onRefused: (whole: WholeCopy) => void;
  // Told what the copy holds once it was read back.
  onManifest: (manifest: BackupManifest) => void;
};

export const baseBackup = (options: BaseBackupOptions): StreamedArtifact => {
  let { older } = options;
  return {
    name: 'base.tar',
    async open(signal) {
      if (older !== undefined) {
        const increment = openCopy(options, older.manifest, signal);
        const answer = older.required ? { copy: increment } : await begunOrRefused(increment);
        if ('copy' in answer) {
          return answer.copy;
        }
        options.onRefused(answer.refused);
        older = undefined;
      }
      return openCopy(options, undefined, signal);
    },
    readBack: (stream, signal) => readBackCopy(options, older !== undefined, stream, signal),
  };
};

const openCopy = ({ environment, database, server }: BaseBackupOptions, olderManifest: Buffer | undefined, signal: AbortSignal): Copy => {
  const workers = Math.min(mostWorkers, availableParallelism());
  const compresses = server.major >= 15;
  const { stdin, stdout, ended } = startTool({
    script: olderManifest === undefined ? (compresses ? copyScript : pipedScript) : incrementScript,
    parameters: [
      connectionString(database),
      compresses ? `--compress=client-zstd:level=${compressionLevel},workers=${workers}` : String(workers),
    ],
    environment,
    signal,
    failure: { code: 'SourceFailed', what: 'pg_basebackup', retryable: true },
  });
  stdin.end(olderManifest);
  return { stream: stdout, ended };
};

const readBackCopy = async (
  { server, onManifest }: BaseBackupOptions,
  isIncrement: boolean,
  stream: Readable,
  signal: AbortSignal,
): Promise<ReadBack> => {
  const tool = startTool({
    script: readBackScript,
    signal,
    failure: { code: 'VerificationFailed', what: 'Reading the stored copy of the data directory back', retryable: true },
  });
  const [, members, content] = await Promise.all([
    feed(stream, tool),
    readTarListing(tool.side),
    readAll(tool.stdout, largestManifestBytes),
    tool.ended,
  ]);
  const manifest = readBackupManifest(content);
  checkBase(members, manifest, server.walSegmentBytes);
  checkKind(members, isIncrement);
  onManifest(manifest);
  return { derived: [{ name: 'backup_manifest', content, state: true }] };
};
