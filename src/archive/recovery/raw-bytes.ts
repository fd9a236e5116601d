// How much room the files of a physical copy take, by the list of them that lies beside it.
import { readBackupManifest } from '../../engines/postgresql/physical/backup-manifest.ts';
import type { BackupManifest } from '../../engines/postgresql/physical/backup-manifest.ts';
import { lsnBytes, segmentNames } from '../../api/lsn.ts';
import type { Store } from '../../stores/store.ts';
import { readSmallArtifact } from '../read-artifact.ts';
import type { OpenLink } from './open-link.ts';

// A manifest has about 150 bytes a file: this is for three million files.
const largestBytes = 512 * 1024 ** 2;
const defaultSegmentBytes = 16 * 1024 ** 2;

// Undefined where it is not known: no identity, or no list.
export const rawBytesOf = async (store: Store, { component, identity }: OpenLink, signal: AbortSignal): Promise<number | undefined> => {
  const list = component.artifacts.find(({ name }) => name === 'backup_manifest');
  if (list === undefined || identity === undefined) {
    return undefined;
  }
  const content = await readSmallArtifact({ store, identities: [identity], signal }, list, largestBytes);
  return bytesOf(readBackupManifest(content), component.facts.postgresql?.walSegmentBytes ?? defaultSegmentBytes);
};

const bytesOf = ({ files, walRanges }: BackupManifest, segmentBytes: number): number => {
  const segments = walRanges.flatMap(({ timeline, startLsn, endLsn }) =>
    segmentNames(timeline, lsnBytes(startLsn), lsnBytes(endLsn), segmentBytes),
  );
  return [...files.values()].reduce((sum, bytes) => sum + bytes, 0) + segments.length * segmentBytes;
};
