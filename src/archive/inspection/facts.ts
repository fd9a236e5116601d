// What an inspection measured beside the backups themselves. What cannot be measured is left out.
import type { DamagedObject, InspectFacts } from '../../api/agent.ts';
import { StoreError } from '../../stores/errors.ts';
import type { Store } from '../../stores/store.ts';
import type { Log } from '../../telemetry/log.ts';
import { oldMilliseconds } from './abandoned.ts';
import type { Verified } from './verify.ts';

const mostNamed = 3;
const longestMessage = 300;

export const damagedFacts = (damaged: readonly DamagedObject[]): Pick<InspectFacts, 'damaged'> =>
  damaged.length === 0
    ? {}
    : {
        damaged: {
          objects: damaged.length,
          first: damaged.slice(0, mostNamed).map((each) => ({ ...each, message: each.message.slice(0, longestMessage) })),
        },
      };

// A user who may not ask for uploads, or a service that does not know the question, is no failure.
export const spaceFacts = async (store: Store, now: Date, log: Log): Promise<Pick<InspectFacts, 'volume' | 'unfinishedUploads'>> => {
  const volume = await measure(() => store.space(), log);
  const unfinishedUploads = await measure(() => store.unfinished('', new Date(now.getTime() - oldMilliseconds)), log);
  return { ...(volume === undefined ? {} : { volume }), ...(unfinishedUploads === undefined ? {} : { unfinishedUploads }) };
};

const measure = async <T>(work: () => Promise<T>, log: Log): Promise<T | undefined> => {
  try {
    return await work();
  } catch (error) {
    if (error instanceof StoreError) {
      log.warn('Could not measure the store', { error });
      return undefined;
    }
    throw error;
  }
};

// Of the backups whose objects are there.
export const verifiedFacts = ({ standings, readBytes }: Verified): Pick<InspectFacts, 'verified'> => {
  const times = [...standings.values()].flatMap(({ verifiedTime }) => verifiedTime ?? []).toSorted();
  const [oldestTime] = times;
  const newestTime = times.at(-1);
  return {
    verified: {
      backups: times.length,
      unverified: standings.size - times.length,
      readBytes,
      ...(newestTime === undefined ? {} : { newestTime }),
      ...(oldestTime === undefined ? {} : { oldestTime }),
    },
  };
};
