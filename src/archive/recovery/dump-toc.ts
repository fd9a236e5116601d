// The table of contents of a stored dump, read without reading the dump.
import { Readable } from 'node:stream';
import type { ArtifactRecord } from '../../api/stored/backup.ts';
import { readTocText } from '../../engines/postgresql/recovery/restore-dump.ts';
import { readToc } from '../../engines/postgresql/recovery/toc.ts';
import type { TocEntry } from '../../engines/postgresql/recovery/toc.ts';
import type { Store } from '../../stores/store.ts';
import { decrypt } from '../age/file.ts';
import { readVolumes } from '../volumes.ts';

// Every chunk that comes is authenticated. The digest of the whole is compared when the dump itself is read.
export const readDumpToc = async (store: Store, record: ArtifactRecord, identity: string, signal: AbortSignal): Promise<TocEntry[]> => {
  const plain = Readable.from(decrypt(readVolumes(store, record.volumes, signal), [identity]), { objectMode: false });
  try {
    return readToc(await readTocText(plain, signal));
  } finally {
    plain.destroy();
  }
};
