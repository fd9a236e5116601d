// The other tiers, each following the first one at its own pace. One that is away holds up nobody but those who wait for it by `acknowledge`.
import { setTimeout as pause } from 'node:timers/promises';
import { lsnText } from '../../api/lsn.ts';
import type { ReceivePlan, WalLine } from '../../api/agent.ts';
import type { Store } from '../../stores/store.ts';
import type { AgentContext } from '../context.ts';
import { explain } from '../outcome.ts';
import { copyRepository, ensureRepository, findRepository, openRepository } from '../repository.ts';
import { ensureWriterCopy } from '../writers.ts';
import type { Archive } from './archive.ts';
import { follow } from './follower.ts';
import type { Followed } from './follower.ts';
import type { Reached } from './receiver.ts';

const firstPauseMilliseconds = 1000;
const longestPauseMilliseconds = 10_000;

export type Followers = {
  // Something new is on the first tier.
  wake(lineageId: string): void;
  // How far all tiers are that acknowledge, on this timeline. Undefined: one of them has nothing of it yet.
  acknowledged(lineageId: string, timeline: number): bigint | 'all' | undefined;
  // As far as they are on the timeline of the first tier.
  state(first: Pick<Reached, 'lineageId' | 'timeline'> | undefined): WalLine['followers'];
  // Waits until all have followed, for so long at most, or until the signal.
  settle(milliseconds: number, waiting: AbortSignal): Promise<void>;
  stop(): Promise<void>;
};

type Tier = ReceivePlan['tiers'][number];
type Following = {
  tier: Tier;
  done?: Followed;
  failure?: { code: string; message: string };
  wanted: number;
  reached: number;
  wake: () => void;
};

export const startFollowers = (
  tiers: readonly Tier[],
  {
    from,
    archive,
    plan,
    context,
    onFollowed,
  }: { from: Store; archive: Archive; plan: ReceivePlan; context: AgentContext; onFollowed: () => void },
): Followers => {
  const stop = new AbortController();
  let lineageId = '';
  const all = tiers.map((tier): Following => ({ tier, wanted: 0, reached: 0, wake: () => undefined }));

  const work = async (following: Following): Promise<void> => {
    const { tier } = following;
    let to: Store | undefined;
    const known = new Set<string>();
    for (let failures = 0; !stop.signal.aborted;) {
      if (following.reached === following.wanted) {
        await new Promise<void>((resolve) => {
          following.wake = resolve;
        });
        continue;
      }
      const { wanted } = following;
      try {
        to ??= await prepare(tier, from, archive, plan, context);
        const done = await follow({ from, to, trust: archive.trust }, lineageId, known, stop.signal);
        Object.assign(following, { reached: wanted, failure: undefined }, done === undefined ? {} : { done });
        failures = 0;
        onFollowed();
      } catch (error) {
        failures += 1;
        following.failure = explain(error);
        if (!stop.signal.aborted) {
          context.log.warn('A tier does not follow; trying again', { tier: tier.name, failures, error });
        }
        const milliseconds = Math.min(longestPauseMilliseconds, firstPauseMilliseconds * 2 ** Math.min(failures, 10));
        await pause(milliseconds, undefined, { signal: stop.signal }).catch(() => undefined);
      }
    }
    await to?.close();
  };
  const working = all.map(work);
  const isBehind = (): boolean => all.some(({ wanted, reached }) => reached < wanted);

  return {
    wake(id) {
      lineageId = id;
      for (const following of all) {
        following.wanted += 1;
        following.wake();
      }
    },
    acknowledged(id, timeline) {
      const waitedFor = all.filter(({ tier }) => tier.acknowledge);
      const ends = waitedFor.map(({ done }) => (done?.lineageId === id && done.timeline === timeline ? done.to : undefined));
      if (ends.length === 0) {
        return 'all';
      }
      return ends.some((end) => end === undefined) ? undefined : ends.reduce((a, b) => ((a ?? 0n) < (b ?? 0n) ? a : b));
    },
    state: (first) =>
      all.map(({ tier, done, failure }) => ({
        tier: tier.name,
        ...placeOf(done?.lineageId === first?.lineageId && done?.timeline === first?.timeline ? done : undefined),
        ...(failure === undefined ? {} : { code: failure.code, message: failure.message }),
      })),
    async settle(milliseconds, waiting) {
      for (const end = Date.now() + milliseconds; Date.now() < end && isBehind() && !waiting.aborted;) {
        await pause(50);
      }
    },
    async stop() {
      stop.abort();
      all.forEach(({ wake }) => wake());
      await Promise.all(working);
    },
  };
};

const placeOf = (done: Followed | undefined): { storedLsn?: string; markTime?: string } =>
  done === undefined ? {} : { storedLsn: lsnText(done.to), ...(done.markTime === undefined ? {} : { markTime: done.markTime }) };

// Makes sure that the tier is this repository and that we are its writer.
const prepare = async (tier: Tier, from: Store, { trust, writer }: Archive, plan: ReceivePlan, context: AgentContext): Promise<Store> => {
  const to = await context.openStore(tier.location);
  try {
    const { repositoryId, verifiers } = trust;
    if ((await findRepository(to)) === undefined) {
      await copyRepository(from, to, repositoryId);
    }
    await ensureRepository(to, (await openRepository(from)).createdTime, repositoryId);
    await ensureWriterCopy(to, repositoryId, { clusterId: plan.clusterId, ...plan.policy }, writer, verifiers);
    return to;
  } catch (error) {
    await to.close();
    throw error;
  }
};
