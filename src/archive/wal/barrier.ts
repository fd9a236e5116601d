// A barrier: what the server has now is waited for, in every tier that acknowledges. Another receiver does the work; nothing is switched and nothing is written.
import { setTimeout as pause } from 'node:timers/promises';
import { lsnText } from '../../api/lsn.ts';
import type { ReceivePlan } from '../../api/agent.ts';
import { EngineError } from '../../engines/engine.ts';
import { takeSample } from '../../engines/wal/server.ts';
import type { Store } from '../../stores/store.ts';
import type { AgentContext } from '../context.ts';
import { ArchiveError } from '../errors.ts';
import { findRepository } from '../repository.ts';
import type { Verifiers } from '../signing/keys.ts';
import { newestLineage } from './archive.ts';
import { archivePlace } from './archive-place.ts';
import type { ReceiveOutcome } from './receive.ts';
import { receiverWatch } from './receiver-watch.ts';
import type { ReceiverWatch } from './receiver-watch.ts';
import { askServer } from './server-side.ts';

// How often the store is asked: often at first, for a receiver that works is there within its flush interval.
const firstPollMilliseconds = 500;
const longestPollMilliseconds = 5_000;

type Goal = { systemIdentifier: string; timeline: number; lsn: bigint; timeMilliseconds: number };

// Resolves with the place and time that are stored everywhere now. Ends by its deadline where a receiver does not get there, and earlier where none is
// at work.
export const barrier = async (plan: ReceivePlan, verifiers: Verifiers, context: AgentContext): Promise<ReceiveOutcome> => {
  const goal = await askGoal(plan);
  context.log.info('Waiting for what the server has now', { timeline: goal.timeline, lsn: lsnText(goal.lsn) });
  const watch = receiverWatch(plan);
  for (const { name, location } of plan.tiers.filter(({ acknowledge }) => acknowledge)) {
    const store = await context.openStore(location);
    try {
      await context.step(`wait for ${name}`, () => untilStored(store, goal, { plan, verifiers, watch, signal: context.signal }));
    } finally {
      await store.close();
    }
  }
  return { timeline: goal.timeline, storedLsn: lsnText(goal.lsn), restorableTo: new Date(goal.timeMilliseconds).toISOString() };
};

const askGoal = async (plan: ReceivePlan): Promise<Goal> => {
  const { session, place } = await askServer(plan);
  try {
    const sample = await takeSample(session, plan.slot);
    if (sample === undefined) {
      throw new EngineError('SourceFailed', 'The server is a standby that has replayed no commit yet: it cannot say where it is.', {
        retryable: true,
      });
    }
    const { systemIdentifier, timeline } = place;
    return { systemIdentifier, timeline, lsn: sample.lsn, timeMilliseconds: sample.timeMilliseconds };
  } finally {
    await session.end();
  }
};

type Waiting = { plan: ReceivePlan; verifiers: Verifiers; watch: ReceiverWatch; signal: AbortSignal };

const untilStored = async (store: Store, goal: Goal, { plan, verifiers, watch, signal }: Waiting): Promise<void> => {
  for (let tries = 1; ; tries += 1) {
    signal.throwIfAborted();
    const repository = await findRepository(store);
    const trust = { repositoryId: repository?.repositoryId ?? '', verifiers };
    const lineage = repository === undefined ? undefined : await newestLineage(store, plan.component, trust);
    const place = lineage === undefined ? undefined : archivePlace(lineage);
    if (place !== undefined && place.systemIdentifier !== goal.systemIdentifier) {
      throw new ArchiveError(
        'ForeignDatabase',
        `${store.description} archives another database than the one at this address. Look where the receiver is connected.`,
      );
    }
    if (place !== undefined && place.timeline === goal.timeline && place.to >= goal.lsn) {
      return;
    }
    await watch();
    await pause(Math.min(longestPollMilliseconds, firstPollMilliseconds * 2 ** Math.min(tries - 1, 10)), undefined, { signal });
  }
};
