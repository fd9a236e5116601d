// What tells which directory is which after a crash: a file in a data directory that is complete and verified, and one that says what was there before.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PlannedComponent } from '../../../api/restore-status.ts';
import { writeDurably } from './durable.ts';
import type { Place } from './place.ts';

export const markerName = 'holdfast-restore.json';
const stateName = 'state.json';

// What was restored, as the result tells it.
export type Restored = { reachedLsn: string; timeline: number; systemId: string; note?: string };

export type Marker = { uid: string; planned: PlannedComponent; restored: Restored };

// Where the copy of the old data lies in the store: which tier, which attempt. `bytes`: as stored. `tree`: what the directory looked like.
export type CopyPlace = { tier: string; attempt: number; bytes: number; tree: string };

// `had`: whether there was a data directory. `removed`: it was removed beforehand, because there was no room for both.
// `copying`: objects of a copy may lie in that tier. `copy`: it is whole. `fetched`: what an undo has got out of it is whole, too.
export type State = { uid: string; had: boolean; removed?: true; copying?: string; copy?: CopyPlace; fetched?: true };

export const writeMarker = (directory: string, marker: Marker): Promise<void> =>
  writeDurably(join(directory, markerName), `${JSON.stringify(marker, undefined, 2)}\n`);

// That of this Restore; one of another Restore came with a backup.
export const readMarker = async (directory: string, uid: string): Promise<Marker | undefined> => {
  const marker = await readJson<Marker>(join(directory, markerName));
  return marker?.uid === uid ? marker : undefined;
};

export const writeState = ({ work }: Place, state: State): Promise<void> =>
  writeDurably(join(work, stateName), `${JSON.stringify(state)}\n`);
export const readState = ({ work }: Place): Promise<State | undefined> => readJson<State>(join(work, stateName));
export const isState = (name: string): boolean => name === stateName;

// Undefined where there is none, or none that can be read.
const readJson = async <T>(path: string): Promise<T | undefined> => {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  try {
    return text === undefined ? undefined : (JSON.parse(text) as T);
  } catch {
    return undefined;
  }
};
