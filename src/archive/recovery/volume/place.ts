// Where a Restore works on a volume: all of it lies in one folder beside the data directory, named after the Restore.
import { join } from 'node:path';
import { recoverPaths } from '../../../api/recover.ts';

export type Place = {
  // Of the Restore.
  uid: string;
  kind: 'volume' | 'inPlace';
  // Root of the volume.
  volume: string;
  // The data directory.
  target: string;
  // The folder; what is built; what was there before; what an undo has taken away; what it gets out of the store.
  work: string;
  data: string;
  before: string;
  undone: string;
  fetched: string;
  // The folder once it is being removed.
  gone: string;
};

export const placeOf = (
  restore: { uid: string },
  { kind, path, mountPath }: { kind: 'volume' | 'inPlace'; path: string; mountPath?: string },
): Place => {
  const volume = mountPath ?? recoverPaths.target;
  const work = join(volume, workFolderName(restore.uid));
  return {
    uid: restore.uid,
    kind,
    volume,
    target: join(volume, path),
    work,
    data: join(work, 'data'),
    before: join(work, 'before'),
    undone: join(work, 'undone'),
    fetched: join(work, 'fetched'),
    gone: `${work}.gone`,
  };
};

// The first eight digits of the uid.
export const workFolderName = (uid: string): string => `.holdfast-${uid.replaceAll('-', '').slice(0, 8)}`;
