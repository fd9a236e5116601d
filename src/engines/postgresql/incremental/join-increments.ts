// Joins increments of PostgreSQL 17 or 18 to the data directory of their whole copy, in place: one copy on disk. What pg_combinebackup does beside it.
// The directory is unusable from the first change to the last, and says so (unfinished.ts). Before the first change it is untouched.
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { readBackupManifest } from '../physical/backup-manifest.ts';
import type { BackupManifest } from '../physical/backup-manifest.ts';
import { checkBase } from '../physical/check-base.ts';
import { manifestName, takeMembers } from './incoming.ts';
import type { Incoming } from './incoming.ts';
import { joinedManifest } from './joined-manifest.ts';
import { readable } from './names.ts';
import { removeOthers } from './remove-others.ts';
import { replaceFile, syncFileSystem } from './sync.ts';
import { readBackupLabel } from './backup-label.ts';
import { allowStart, checkBuildsOn, forbidStart, labelName, wholeCopyAt } from './target-label.ts';
import { refuseUnfinished, unfinishedName } from './unfinished.ts';

// Majors whose increments have the form that is known here. Others are joined by pg_combinebackup (combine.ts).
export const knownMajors: readonly number[] = [17, 18];

export type ApplyOptions = {
  walSegmentBytes: number;
  // Whether everything must be on the disk in the end. Not needed on a volume that is thrown away.
  durable: boolean;
};

export type AppliedIncrement = {
  manifest: BackupManifest;
  // Files that were changed, written as a whole, and deleted.
  patched: number;
  replaced: number;
  removed: number;
};

export type Joining = {
  // Applies the next increment, the raw tar of it. Throws ChainBroken where it does not build on what is there, with the directory untouched
  // where it is the first one. After any other failure the directory is good for nothing.
  apply(archive: AsyncIterable<Buffer>): Promise<AppliedIncrement>;
  // Makes the directory one that a server can start on. Nothing else does.
  finish(): Promise<void>;
};

// `directory` holds the whole copy as it was extracted. The increments come oldest first.
export const joinInto = (directory: string, options: ApplyOptions): Joining => {
  refuseUnfinished(directory);
  let parent = wholeCopyAt(directory);
  let newest: Buffer | undefined;
  return {
    async apply(archive) {
      const incoming = await takeMembers(archive, directory, (label) => {
        checkBuildsOn(directory, parent, label);
        forbidStart(directory, label, options.durable);
      });
      const applied = settle(directory, incoming, options);
      newest = incoming.label;
      parent = readBackupLabel(newest).start;
      return applied;
    },
    async finish() {
      if (newest !== undefined) {
        await finish(directory, newest, options);
      }
    },
  };
};

// Checks what came, and removes what did not come again.
const settle = (directory: string, incoming: Incoming, { walSegmentBytes, durable }: ApplyOptions): AppliedIncrement => {
  const manifest = checkWhole(incoming, walSegmentBytes);
  replaceFile(join(directory, manifestName), joinedManifest(incoming.manifest, incoming.label, incoming.files), durable);
  const removed = removeOthers(directory, wantedOf(directory, incoming));
  return { manifest, patched: incoming.patched, replaced: incoming.files.size - incoming.patched, removed };
};

// Every file that the increment's manifest names came, with its size, and all the WAL that it needs.
const checkWhole = ({ manifest: content, members }: Incoming, walSegmentBytes: number): BackupManifest => {
  const manifest = readBackupManifest(content);
  checkBase(new Map([...members].map(([path, bytes]) => [readable(path), bytes])), manifest, walSegmentBytes);
  return manifest;
};

const wantedOf = (directory: string, { files, directories }: Incoming) => {
  const ours = [labelName, manifestName, unfinishedName].map((name): [string, number] => [name, statSync(join(directory, name)).size]);
  return { files: new Map([...files, ...ours]), directories };
};

// Only what is durable may be started.
const finish = async (directory: string, label: Buffer, { durable }: ApplyOptions): Promise<void> => {
  if (durable) {
    await syncFileSystem(directory);
  }
  allowStart(directory, label, durable);
};
