// The redacted log of a run, kept in memory while it runs and then stored at logs/, so that it can be read when the pod is gone.
import type { PlanBase } from '../api/agent.ts';
import type { StoreLocation, Store } from '../stores/store.ts';
import { ArchiveError } from './errors.ts';
import { logKey } from './layout.ts';
import { findRepository } from './repository.ts';
import { readVerifiers } from './signing/keys.ts';
import { findWriter, isSelf } from './writers.ts';

const mostBytes = 4 * 1024 ** 2;

export type KeptLog = { add: (line: string) => void; text: () => string };

// Keeps the first and the newest lines within the limit; what falls out in between is counted.
export const keepLog = (limitBytes: number = mostBytes): KeptLog => {
  const head: string[] = [];
  const tail: string[] = [];
  let headBytes = 0;
  let tailBytes = 0;
  let dropped = 0;
  return {
    add(line) {
      const bytes = Buffer.byteLength(line) + 1;
      if (bytes > limitBytes / 2) {
        dropped += 1;
        return;
      }
      if (headBytes + bytes <= limitBytes / 2) {
        head.push(line);
        headBytes += bytes;
        return;
      }
      headBytes = limitBytes;
      tail.push(line);
      tailBytes += bytes;
      while (tailBytes > limitBytes / 2) {
        tailBytes -= Buffer.byteLength(tail.shift() ?? '') + 1;
        dropped += 1;
      }
    },
    text() {
      const gap = dropped === 0 ? [] : [JSON.stringify({ kind: 'log', level: 'warn', message: 'Left out lines here', lines: dropped })];
      return [...head, ...gap, ...tail].map((line) => `${line}\n`).join('');
    },
  };
};

// Stores the log. A failure here changes nothing of the run's result. Undefined: the repository is another's, where nothing is written, not even that.
export const storeLog = async (
  openStore: (location: StoreLocation) => Promise<Store>,
  location: StoreLocation,
  plan: PlanBase,
  run: { backupId: string; time: string; what: string },
  text: string,
): Promise<string | undefined> => {
  const store = await openStore(location);
  try {
    if (await isAnothers(store, plan)) {
      return undefined;
    }
    const key = logKey(run.backupId, run.time, run.what);
    await store.put(key, Buffer.from(text));
    return key;
  } finally {
    await store.close();
  }
};

// Where nobody has written yet, it is nobody's. A writer that cannot be verified is another one, as for every run that writes.
const isAnothers = async (store: Store, { policy, clusterId, verificationKeys }: PlanBase): Promise<boolean> => {
  const repository = await findRepository(store);
  if (repository === undefined) {
    return false;
  }
  const writer = await findWriter(store, repository.repositoryId, readVerifiers(verificationKeys)).catch((error: unknown) => {
    if (error instanceof ArchiveError) {
      return 'unknown' as const;
    }
    throw error;
  });
  return writer !== undefined && (writer === 'unknown' || !isSelf(writer.document, { clusterId, ...policy }));
};
