// Reads a bucket as `list --from` does, and says what a policy for it must look like.
import type { EntryLine, InspectResult, VerificationKey, WriterFacts } from '../../api/agent.ts';
import type { Manifest } from '../../api/stored/backup.ts';
import { readManifests } from '../../archive/read-manifests.ts';
import { componentOf, hasLogical, hasPhysical } from '../../core/recovery/known-backup.ts';
import { CommandError, exitCode, notFound } from '../common/errors.ts';
import type { Io } from '../common/io.ts';
import type { Location } from '../common/location.ts';
import { explainFailure, inspectLocation, noRepository } from '../list/from.ts';

// `wal`: WAL of it is stored, so more than the backups can be reached.
export type StoredComponent = { name: string; version: number; physical: boolean; logical: boolean; wal: boolean };

export type StoreFacts = { repositoryId: string; writer: WriterFacts; entries: EntryLine[]; components: StoredComponent[] };

// `from`: the location in words. Throws where it could not be read to its end, or nothing in it can be restored.
export const readStore = async (from: string, location: Location, keys: VerificationKey[], io: Io): Promise<StoreFacts> => {
  const { entries, windows, result } = await inspectLocation(location, keys, true, io);
  const { repositoryId, writer } = mustBeRead(from, result);
  const passed = entries.filter(({ verdict }) => verdict === 'Passed');
  if (passed.length === 0) {
    throw notFound(
      'NothingRestorable',
      `The repository ${repositoryId} in ${from} holds no backup that verifies; ${entries.length} do not.`,
      'See why: kubectl holdfast list --from. Where only a key is missing, name it with --verification-key.',
    );
  }
  const archived = new Set(windows.map(({ component }) => component));
  const manifests = await readManifests(location, keys, newestOfEach(passed));
  const components = namesIn(passed).map((name) => describeComponent(name, manifests, archived.has(name)));
  return { repositoryId, writer, entries, components };
};

const mustBeRead = (from: string, result: InspectResult): { repositoryId: string; writer: WriterFacts } => {
  const { outcome, repositoryId, writer } = result;
  if (outcome !== 'Succeeded') {
    throw explainFailure(result);
  }
  if (repositoryId === undefined) {
    throw noRepository(from);
  }
  if (writer === undefined) {
    throw new CommandError(
      exitCode.failed,
      'WriterUnknown',
      `Who writes the repository in ${from} is not known: no document in writers/ is signed by a key that is believed, or the newest one is not.`,
      'Name the key of the newest writer with --verification-key. After a take-over that is the key which `adopt` printed then.',
    );
  }
  return { repositoryId, writer };
};

const namesIn = (passed: readonly EntryLine[]): string[] => [
  ...new Set(passed.flatMap(({ components }) => components.map(({ name }) => name))),
];

// Ids sort by time.
const newestOfEach = (passed: readonly EntryLine[]): string[] => {
  const sorted = passed.toSorted((a, b) => b.backupId.localeCompare(a.backupId));
  const newest = namesIn(passed).flatMap((name) => sorted.find(({ components }) => components.some((each) => each.name === name)) ?? []);
  return [...new Set(newest.map(({ backupId }) => backupId))].toSorted().toReversed();
};

const describeComponent = (name: string, manifests: readonly Manifest[], wal: boolean): StoredComponent => {
  const newest = manifests.map((manifest) => componentOf({ id: manifest.backupId, manifest }, name)).find((entry) => entry !== undefined);
  const version = Number.parseInt(newest?.facts.versions['postgresql'] ?? '', 10);
  if (newest === undefined || !Number.isInteger(version)) {
    throw new CommandError(
      exitCode.failed,
      'VersionUnknown',
      `The newest manifest of the component "${name}" does not say which PostgreSQL it is of, or could not be read again.`,
      'Run the command again. Without a cluster it can be restored all the same: kubectl holdfast restore --from',
    );
  }
  return { name, version, physical: hasPhysical(newest), logical: hasLogical(newest), wal };
};
