// Whether a copy of the data directory is whole: every file of its manifest with its size, and every byte of WAL that it needs. Pure.
import { EngineError } from '../../engine.ts';
import { isIncrement as isIncrementName } from '../incremental/increment-header.ts';
import type { BackupManifest } from './backup-manifest.ts';
import { lsnBytes, segmentNames } from '../../../api/lsn.ts';

const mostNamed = 3;

const fail = (what: string, names: string[]): never => {
  const rest = names.length > mostNamed ? `, and ${names.length - mostNamed} more` : '';
  throw new EngineError(
    'VerificationFailed',
    `The stored copy of the data directory ${what}: ${names.slice(0, mostNamed).join(', ')}${rest}.`,
    {
      retryable: true,
    },
  );
};

// `members`: size of each regular file in the archive. Throws VerificationFailed.
export const checkBase = (members: ReadonlyMap<string, number>, manifest: BackupManifest, walSegmentBytes: number): void => {
  const missing: string[] = [];
  const wrong: string[] = [];
  for (const [path, bytes] of manifest.files) {
    const found = members.get(path);
    if (found === undefined) {
      missing.push(path);
    } else if (found !== bytes) {
      wrong.push(`${path} (${found} bytes for ${bytes})`);
    }
  }
  if (missing.length > 0) {
    fail('lacks files', missing);
  }
  if (wrong.length > 0) {
    fail('has files of another size', wrong);
  }
  const unknown = [...members.keys()].filter(
    (path) => !manifest.files.has(path) && !path.startsWith('pg_wal/') && path !== 'backup_manifest',
  );
  if (unknown.length > 0) {
    fail('has files that nobody copied', unknown);
  }
  checkWal(members, manifest, walSegmentBytes);
};

// The copy must hold its own WAL from start to stop: it restores without any archive.
const checkWal = (members: ReadonlyMap<string, number>, { walRanges }: BackupManifest, walSegmentBytes: number): void => {
  const needed = walRanges.flatMap(({ timeline, startLsn, endLsn }) =>
    segmentNames(timeline, lsnBytes(startLsn), lsnBytes(endLsn), walSegmentBytes),
  );
  const lacking = needed.filter((name) => members.get(`pg_wal/${name}`) !== walSegmentBytes);
  if (lacking.length > 0) {
    fail('lacks WAL segments that it needs to start', lacking);
  }
};

// An increment holds files of changed blocks, a whole copy none.
export const checkKind = (members: ReadonlyMap<string, number>, isIncrement: boolean): void => {
  if (members.keys().some(isIncrementName) !== isIncrement) {
    throw new EngineError(
      'VerificationFailed',
      `The stored copy of the data directory is ${isIncrement ? 'whole, and should be an increment' : 'an increment, and should be whole'}.`,
      { retryable: true },
    );
  }
};
