// Mode Restore for a data directory: plan → fetch → restore → replay → verify → put in place. Killed at any point, the next attempt goes on.
import type { DirectoryPlan, RecoverRestorePlan } from '../../../api/recover.ts';
import type { PlannedComponent } from '../../../api/restore-status.ts';
import type { Link } from '../../../core/recovery/choose.ts';
import type { AgentContext } from '../../context.ts';
import { failedWith } from '../../failure-facts.ts';
import { ArchiveError } from '../../errors.ts';
import { RecoveryRefused } from '../refused.ts';
import { freeBytes } from '../volume/room.ts';
import { withPrepared } from '../recover.ts';
import { beginWork, factsOf, finishEarlier, putInPlace } from '../volume/attempt.ts';
import type { AttemptOptions } from '../volume/attempt.ts';
import { writeMarker } from '../volume/marker.ts';
import type { Marker } from '../volume/marker.ts';
import { placeOf } from '../volume/place.ts';
import type { Place } from '../volume/place.ts';
import { buildDirectory } from './build-directory.ts';
import { ownerOf, readIdentities, recoveryContextOf } from './context.ts';
import { lookAtVolume, makeRoom } from './look-at-volume.ts';
import { keepPlan, mustBe, reportPlan } from './keep-plan.ts';
import { plannedOf } from './planned.ts';
import { wishOf } from './wish.ts';

// A file system keeps some blocks for itself.
const fullBelowBytes = 1024 ** 2;

type Request = RecoverRestorePlan & { target: DirectoryPlan };
type Facts = Marker['restored'] & { planned: PlannedComponent; replaced: boolean; kept: boolean };

export const restoreDirectoryMode = async (request: Request, agent: AgentContext): Promise<Facts> => {
  const { target, planHash, keep = target.kind === 'volume' ? 'Skip' : 'Required' } = request;
  const place = placeOf(request.restore, target);
  const attempt: AttemptOptions = { place, keep, log: agent.log, ...(planHash === undefined ? {} : { planHash }) };
  try {
    const earlier = await finishEarlier(attempt);
    if (earlier !== undefined) {
      reportPlan(agent, earlier.planned);
    }
    const { planned, restored } = earlier ?? (await restoreNow(request, attempt, agent));
    return { planned, ...restored, ...(await factsOf(place)) };
  } catch (error) {
    throw failedWith(await orFull(place, error), await factsOf(place).catch(() => ({})));
  }
};

// Whatever broke: on a volume without room that is the reason.
const orFull = async (place: Place, error: unknown): Promise<unknown> => {
  const free = await freeBytes(place).catch(() => undefined);
  return free === undefined || free >= fullBelowBytes || error instanceof RecoveryRefused
    ? error
    : new ArchiveError(
        'InsufficientSpace',
        `The volume is full (${place.volume}). Make the claim larger, or restore into a new one (target.volume).`,
        {
          cause: error,
        },
      );
};

const restoreNow = async (request: Request, attempt: AttemptOptions, agent: AgentContext): Promise<Marker> => {
  const { place } = attempt;
  const { tier, verificationKeys, target } = request;
  const context = recoveryContextOf(agent);
  const identities = await readIdentities(request.identityFile);
  const owner = ownerOf(target);
  const look = (last: Link) => lookAtVolume(place, target, last, context.signal);
  return withPrepared(
    { location: tier.location, verificationKeys, identities, wish: wishOf(request), look },
    context,
    async (prepared, store) => {
      const planned = plannedOf(request, prepared);
      mustBe(planned, request.planHash);
      reportPlan(agent, planned);
      return keepPlan(planned, async () => {
        const room = await makeRoom(place, attempt.keep, { request, store, prepared, identities, context });
        await beginWork(place, room.had, owner);
        const notes = await room.clear();
        const built = await buildDirectory({ store, prepared, place, target, identities, owner, context });
        const note = [...notes, ...built.notes].join(' ').slice(0, 900);
        const restored = {
          reachedLsn: built.reachedLsn,
          timeline: built.timeline,
          systemId: built.systemId,
          ...(note === '' ? {} : { note }),
        };
        const marker: Marker = { uid: place.uid, planned, restored };
        await context.step('restore', async () => {
          await writeMarker(place.data, marker);
          await putInPlace(attempt);
        });
        return marker;
      });
    },
  );
};
