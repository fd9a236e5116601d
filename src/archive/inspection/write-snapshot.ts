// When a new snapshot is worth its bytes, and what goes into it.
import type { VerificationMark } from '../../api/stored/mark.ts';
import type { AgentContext } from '../context.ts';
import type { Signer } from '../signing/keys.ts';
import { putOnce } from '../small-objects.ts';
import type { Judged, Repository } from './judge.ts';
import type { Listing } from './listing.ts';
import type { Known } from './record.ts';
import { sealSnapshot } from './snapshot.ts';
import type { Snapshot } from './snapshot.ts';
import type { Standing } from './standing.ts';

// With fewer backups every manifest is read anyway.
const leastRecords = 8;
const muchNews = 256;
const dayMilliseconds = 86_400_000;

type Input = {
  repository: Repository;
  listing: Listing;
  judged: readonly Judged[];
  marks: ReadonlyMap<string, VerificationMark>;
  standings: ReadonlyMap<string, Standing>;
  before?: Snapshot;
  // When the list began.
  time: string;
};

// Manifests and marks of which the newest snapshot says nothing.
const news = (records: readonly Known[], { before, judged }: Input): number => {
  const taken = new Set(judged.flatMap(({ id, fromSnapshot }) => (fromSnapshot === true ? [id] : [])));
  return records.filter(({ id, mark }) => !taken.has(id) || mark?.key !== before?.records.get(id)?.mark?.key).length;
};

const isWhole = ({ id, verdict }: Judged, { standings }: Input): boolean => verdict === 'Passed' && standings.get(id)?.state !== 'Failed';

// Who reads only the snapshot would take a damaged backup for a good one: it must not name it any longer.
const namesDamaged = (input: Input): boolean =>
  input.judged.some((each) => input.before?.records.has(each.id) === true && each.verdict !== 'Inconclusive' && !isWhole(each, input));

// A snapshot grows with the repository, so a large one gets new ones more rarely: with 256 pieces of news, or with any after a day for each 256 backups.
export const isDue = (count: number, fresh: number, ageMilliseconds: number): boolean =>
  count >= leastRecords && fresh > 0 && (fresh >= muchNews || ageMilliseconds >= dayMilliseconds * Math.max(1, count / muchNews));

// Names the backups whose manifest was verified and whose objects are all there. Without a snapshot everything still works.
export const writeSnapshot = async (input: Input, signer: Signer, { log, now }: AgentContext): Promise<void> => {
  const { repository, before, time } = input;
  const records = recordsOf(input);
  const age = before === undefined ? Number.POSITIVE_INFINITY : now().getTime() - Date.parse(before.time);
  if (!namesDamaged(input) && !isDue(records.length, news(records, input), age)) {
    return;
  }
  const { key, bytes } = sealSnapshot(records, time, repository.repositoryId, signer);
  await putOnce(repository.store, key, bytes).catch((error: unknown) =>
    log.warn('Could not write a snapshot of the catalogue', { object: key, error }),
  );
};

const recordsOf = (input: Input): Known[] => {
  const { listing, judged, marks } = input;
  const manifests = new Map(listing.manifests.map(({ id, object }) => [id, object]));
  return judged.flatMap((each) => {
    const { id, record } = each;
    const tag = manifests.get(id)?.tag;
    if (record === undefined || !isWhole(each, input) || tag === undefined) {
      return [];
    }
    const { mark: _, ...rest } = record;
    const content = marks.get(id);
    const listed = listing.marks.get(id);
    const mark =
      content === undefined || listed?.tag === undefined || listed.key !== content.key
        ? {}
        : { mark: { key: listed.key, bytes: listed.sizeBytes, tag: listed.tag, content } };
    return [{ ...rest, tag, ...mark }];
  });
};
