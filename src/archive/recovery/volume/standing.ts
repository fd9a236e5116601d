// What there is on the volume now.
import { lstat } from 'node:fs/promises';
import { readMarker, readState } from './marker.ts';
import type { Marker, State } from './marker.ts';
import type { Place } from './place.ts';

// A directory that is not there, is complete and of this Restore, or is another one.
export type Found = { kind: 'absent' } | { kind: 'ours'; marker: Marker } | { kind: 'other' };

export type Standing = { state?: State; target: Found; data: Found; before: boolean };

export const readStanding = async (place: Place): Promise<Standing> => {
  const state = await readState(place);
  return {
    ...(state === undefined ? {} : { state }),
    target: await look(place.target, place.uid),
    data: await look(place.data, place.uid),
    before: await isThere(place.before),
  };
};

const look = async (path: string, uid: string): Promise<Found> => {
  if (!(await isThere(path))) {
    return { kind: 'absent' };
  }
  const marker = await readMarker(path, uid);
  return marker === undefined ? { kind: 'other' } : { kind: 'ours', marker };
};

export const isThere = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') {
        return false;
      }
      throw error;
    },
  );
