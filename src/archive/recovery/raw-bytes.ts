// How much room the files of a physical copy take, by the lists of them that lie beside it and beside what it builds on.
import { isIncrement, targetOf } from '../../engines/postgresql/incremental/increment-header.ts';
import { readBackupManifest } from '../../engines/postgresql/physical/backup-manifest.ts';
import type { BackupManifest } from '../../engines/postgresql/physical/backup-manifest.ts';
import { lsnBytes, segmentNames } from '../../api/lsn.ts';
import type { Store } from '../../stores/store.ts';
import { readSmallArtifact } from '../read-artifact.ts';
import type { OpenLink } from './open-link.ts';

// A manifest has about 150 bytes a file: this is for three million files.
const largestBytes = 512 * 1024 ** 2;
const defaultSegmentBytes = 16 * 1024 ** 2;

type Files = ReadonlyMap<string, number>;

// The most that the directory takes while the chain is put together. Undefined where it is not known: no identity, or no list.
export const rawBytesOf = async (store: Store, chain: readonly OpenLink[], signal: AbortSignal): Promise<number | undefined> => {
  let most = 0;
  let files: Files = new Map();
  for (const link of chain) {
    const manifest = await manifestOf(store, link, signal);
    if (manifest === undefined) {
      return undefined;
    }
    files = joined(files, manifest.files);
    most = Math.max(most, sum(files) + walBytes(manifest, link.component.facts.postgresql?.walSegmentBytes ?? defaultSegmentBytes));
  }
  return most;
};

const manifestOf = async (store: Store, { component, identity }: OpenLink, signal: AbortSignal): Promise<BackupManifest | undefined> => {
  const list = component.artifacts.find(({ name }) => name === 'backup_manifest');
  return list === undefined || identity === undefined
    ? undefined
    : readBackupManifest(await readSmallArtifact({ store, identities: [identity], signal }, list, largestBytes));
};

// An increment's own list does not say how long its files become: at most as long as they were, and all that is new.
const joined = (before: Files, listed: Files): Files =>
  new Map(
    [...listed].map(([path, bytes]) => (isIncrement(path) ? [targetOf(path), (before.get(targetOf(path)) ?? 0) + bytes] : [path, bytes])),
  );

const sum = (files: Files): number => files.values().reduce((total, bytes) => total + bytes, 0);

const walBytes = ({ walRanges }: BackupManifest, segmentBytes: number): number =>
  walRanges.flatMap(({ timeline, startLsn, endLsn }) => segmentNames(timeline, lsnBytes(startLsn), lsnBytes(endLsn), segmentBytes)).length *
  segmentBytes;
