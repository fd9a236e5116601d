// What was there before comes out of the store: the new data goes first, since there is no room for both, and not before the whole copy was read.
import { mkdir, rm } from 'node:fs/promises';
import { refusal } from '../../../core/recovery/refusal.ts';
import { isRetryable } from '../../errors.ts';
import { makeDurable } from '../into-directory.ts';
import { RecoveryRefused } from '../refused.ts';
import type { Owner } from '../request.ts';
import type { Copies } from '../safety/copies.ts';
import { extractCopy } from '../safety/fetch-copy.ts';
import type { OpenCopy } from '../safety/fetch-copy.ts';
import type { RecoveryContext } from '../context.ts';
import { clearAttempt, makeWork, takeAway } from './clear.ts';
import { moveDurably } from './durable.ts';
import { writeState } from './marker.ts';
import type { State } from './marker.ts';
import type { Place } from './place.ts';
import { mustTakeBack } from './room.ts';
import { isThere } from './standing.ts';

export type FromStore = { copies: Copies | undefined; owner: Owner | undefined; context: RecoveryContext };

// Afterwards it lies aside, as if it had always been there. Killed in between, the next one goes on; until it is back whole, the copy stays.
export const bringBack = async (place: Place, state: State | undefined, { copies, owner, context }: FromStore): Promise<void> => {
  const { removed, copy, fetched } = state ?? {};
  if (state === undefined || removed !== true || copy === undefined) {
    return;
  }
  if (fetched !== true) {
    if (copies?.tier !== copy.tier) {
      throw stays(
        copy.tier,
        'this Job was given no way to it: the policy has no tier of that name any more, or nobody has said which identity opens it.',
      );
    }
    await inWords(copy.tier, () => copies.withCopy(copy.attempt, (open) => fetchInto(place, state, open, owner, context)));
  }
  if (await isThere(place.fetched)) {
    await moveDurably(place.fetched, place.before);
  }
};

const fetchInto = async (place: Place, state: State, copy: OpenCopy, owner: Owner | undefined, context: RecoveryContext): Promise<void> => {
  await mustTakeBack(place, copy.document.tree.bytes);
  await makeWork(place, owner);
  await rm(place.before, { recursive: true, force: true });
  await takeAway(place);
  await clearAttempt(place);
  await mkdir(place.fetched, { mode: 0o700 });
  await extractCopy(copy, place.fetched, context);
  await makeDurable(place.fetched, undefined);
  await writeState(place, { ...state, fetched: true });
};

// What another attempt may mend stays what it is.
const inWords = async (tier: string, work: () => Promise<void>): Promise<void> => {
  try {
    await work();
  } catch (error) {
    throw error instanceof RecoveryRefused || !(error instanceof Error) || isRetryable(error) || !('code' in error)
      ? error
      : stays(tier, error.message);
  }
};

const stays = (tier: string, why: string): RecoveryRefused =>
  new RecoveryRefused(
    refusal('RollbackFailed', `The old data lies as a copy in the tier ${tier}, and stays there: ${why}`, {
      act: 'Mend that, and it is tried again; docs/emergency.md says how to get it by hand.',
    }),
  );
