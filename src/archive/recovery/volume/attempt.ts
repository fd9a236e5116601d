// One attempt to fill a data directory: it goes on from whatever an earlier one has left.
import { rm } from 'node:fs/promises';
import type { StoredCopyFacts } from '../../../api/recover.ts';
import type { SafetyBackup } from '../../../api/restore.ts';
import { refusal } from '../../../core/recovery/refusal.ts';
import type { Log } from '../../../telemetry/log.ts';
import { RecoveryRefused } from '../refused.ts';
import type { Owner } from '../request.ts';
import { clearAttempt, makeWork, removeWork } from './clear.ts';
import { moveDurably } from './durable.ts';
import { readState, writeState } from './marker.ts';
import type { Marker } from './marker.ts';
import type { Place } from './place.ts';
import { readStanding } from './standing.ts';
import { finishExchange, swap } from './swap.ts';
import { wasExchanged } from './undo.ts';

export type AttemptOptions = { place: Place; planHash?: string; keep: SafetyBackup; log: Log };

// What an earlier attempt has finished, or only had to move. Undefined: it is begun anew, and nothing of that attempt is left.
export const finishEarlier = async (options: AttemptOptions): Promise<Marker | undefined> => {
  const { place, planHash } = options;
  const standing = await readStanding(place);
  const { target, data, state, before } = standing;
  if (target.kind === 'ours') {
    mustFit(target.marker, planHash);
    if (wasExchanged(standing)) {
      await finishExchange(place);
    }
    await tidy(options);
    return target.marker;
  }
  if (data.kind === 'ours' && (planHash === undefined || data.marker.planned.hash === planHash)) {
    await putInPlace(options);
    return data.marker;
  }
  if (state?.removed === true) {
    await rm(place.before, { recursive: true, force: true });
  } else if (target.kind === 'absent' && before) {
    await moveDurably(place.before, place.target);
  }
  await clearAttempt(place);
  return undefined;
};

const mustFit = ({ planned }: Marker, planHash: string | undefined): void => {
  if (planHash !== undefined && planned.hash !== planHash) {
    throw new RecoveryRefused(
      refusal('PlanChanged', `An earlier attempt has restored by the plan ${planned.hash}, and now it shall be ${planHash}.`, {}),
    );
  }
};

// `had`: whether there is a data directory. An earlier attempt knows it better.
export const beginWork = async (place: Place, had: boolean, owner: Owner | undefined): Promise<void> => {
  await makeWork(place, owner);
  if ((await readState(place)) === undefined) {
    await writeState(place, { uid: place.uid, had });
  }
};

// Where there is no room for both. From here on only the copy in the store can bring it back, where there is one.
export const removeOld = async (place: Place): Promise<void> => {
  await moveDurably(place.target, place.before);
  await writeState(place, { uid: place.uid, had: true, ...(await readState(place)), removed: true });
  await rm(place.before, { recursive: true });
};

// What was built is complete, verified and marked as such.
export const putInPlace = async (options: AttemptOptions): Promise<void> => {
  await swap(options.place, options.log);
  await tidy(options);
};

// In place the folder stays, with what was there before, or with the note that there was nothing.
const tidy = ({ place, keep }: AttemptOptions): Promise<void> =>
  place.kind === 'inPlace' && keep !== 'Skip' ? clearAttempt(place) : removeWork(place);

// What a result says, however it ended.
export const factsOf = async (place: Place): Promise<{ replaced: boolean; kept: boolean; copy?: StoredCopyFacts }> => {
  const { target, before, state } = await readStanding(place);
  const { removed, copying, copy } = state ?? {};
  // Of one that is not whole there may be objects to remove.
  const copied = copying === undefined ? {} : { copy: { tier: copying, bytes: copy?.bytes ?? 0 } };
  return { replaced: target.kind === 'ours', kept: (before && removed !== true) || (removed === true && copy !== undefined), ...copied };
};
