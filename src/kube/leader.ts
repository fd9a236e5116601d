// Which of several processes works: the one whose name stands in a Lease. The others watch it, and are there at once when it is released.
import type { Log } from '../telemetry/log.ts';
import { pause, untilAborted } from './backoff.ts';
import type { KubeClient } from './client.ts';
import type { Election } from './election.ts';
import { hasReason, KubeError } from './errors.ts';
import { decideLease, whyLost } from './lease-decision.ts';
import type { LeaseFacts, LeaseLimits } from './lease-decision.ts';
import { durationMilliseconds, heldBy, holderOf, leases, released } from './lease.ts';
import type { Lease, LeaseSpec } from './lease.ts';
import { apiVersionOf } from './resource.ts';
import { createReflector } from './reflector.ts';

export type ElectionSettings = LeaseLimits & { retryMilliseconds: number; attemptMilliseconds: number; releaseMilliseconds: number };

const defaults: ElectionSettings = {
  leaseMilliseconds: 25_000,
  renewMilliseconds: 10_000,
  loseMilliseconds: 20_000,
  retryMilliseconds: 1000,
  attemptMilliseconds: 5000,
  releaseMilliseconds: 2000,
};

export type ElectionOptions = {
  // One that is not held back by `check`.
  client: KubeClient;
  log: Log;
  namespace: string;
  name: string;
  // Of this process alone, also after a restart of its pod.
  identity: string;
  // Stands only from then on: nobody leads who does not know the cluster yet.
  ready?: Promise<unknown>;
  settings?: Partial<ElectionSettings>;
  // Never set back or forward, and not held by a stop of the process.
  steady?: () => number;
  // Only written down, for people.
  wall?: () => number;
};

const notLeading = (why: string): KubeError =>
  new KubeError({
    status: 0,
    reason: 'NotLeader',
    message: `This process does not lead: ${why}. Nothing was written; another process goes on.`,
  });

export const createElection = (options: ElectionOptions): Election => {
  const {
    client,
    log,
    namespace,
    name,
    identity: me,
    ready = Promise.resolve(),
    steady = () => performance.now(),
    wall = Date.now,
  } = options;
  const settings = { ...defaults, ...options.settings };
  const ref = { namespace, name };
  const reflector = createReflector<Lease>({
    client,
    resource: leases,
    log,
    namespace,
    fieldSelector: `metadata.name=${name}`,
    // Soon back when the API server is.
    settings: { backoff: { firstMilliseconds: 500, mostMilliseconds: 2000 } },
  });
  const { cache } = reflector;
  const elected = Promise.withResolvers<void>();
  const lost = Promise.withResolvers<KubeError>();
  let changedAt: number | undefined;
  let seen = '';
  let renewedAt: number | undefined;
  // Writes in a row that failed.
  let failures = 0;
  // Why it leads no more.
  let failure: KubeError | undefined;
  let wake = Promise.withResolvers<void>();

  cache.onChange(({ type, object }) => {
    // Notes on the Lease are no sign of life of its holder.
    const now = type === 'deleted' ? '' : JSON.stringify([object.metadata?.uid, object.spec]);
    if (now !== seen) {
      seen = now;
      changedAt = steady();
    }
    wake.resolve();
  });

  const newLease = (spec: LeaseSpec) => ({ apiVersion: apiVersionOf(leases), kind: leases.kind, metadata: ref, spec });

  const facts = (): LeaseFacts => {
    const lease = cache.get(ref);
    return {
      now: steady(),
      me,
      ...(lease === undefined ? {} : { record: { holder: holderOf(lease), milliseconds: durationMilliseconds(lease) } }),
      ...(changedAt === undefined ? {} : { changedAt }),
      ...(renewedAt === undefined ? {} : { renewedAt }),
    };
  };

  const lose = (why: string): KubeError => {
    failure ??= notLeading(why);
    lost.resolve(failure);
    wake.resolve();
    return failure;
  };

  // Undefined: this process leads.
  const whyNot = (): string | undefined => (renewedAt === undefined ? 'it was not elected' : whyLost({ ...facts(), renewedAt }, settings));

  const isLeading = (): boolean => failure === undefined && whyNot() === undefined;

  const check = (): void => {
    const why = whyNot();
    if (failure !== undefined || renewedAt === undefined) {
      throw failure ?? notLeading(why ?? '');
    }
    if (why !== undefined) {
      throw lose(why);
    }
  };

  const write = async (): Promise<void> => {
    const sentAt = steady();
    const old = cache.get(ref);
    const spec = heldBy(me, old, wall(), settings.leaseMilliseconds);
    const signal = AbortSignal.timeout(settings.attemptMilliseconds);
    const written =
      old === undefined
        ? await client.create<Lease>(leases, newLease(spec), { signal })
        : await client.patch<Lease>(leases, ref, { spec }, { resourceVersion: old.metadata?.resourceVersion ?? '', signal });
    cache.remember(written);
    const isNew = renewedAt === undefined;
    renewedAt = sentAt;
    if (isNew && isLeading()) {
      log.info('Leading', { lease: `${namespace}/${name}`, identity: me });
      elected.resolve();
    }
  };

  // Somebody else has written: what stands there now decides.
  const readAgain = async (): Promise<void> => {
    const old = cache.get(ref);
    const now = await client.get<Lease>(leases, ref, { signal: AbortSignal.timeout(settings.attemptMilliseconds) });
    if (now !== undefined) {
      cache.remember(now);
    } else if (old !== undefined) {
      cache.remove(old);
    }
  };

  // True where the failure only means that somebody was faster, and we know by now who.
  const isSettled = async (error: unknown): Promise<boolean> => {
    try {
      const isTaken = ['Conflict', 'AlreadyExists', 'NotFound'].some((reason) => hasReason(error, reason));
      if (isTaken) {
        await readAgain();
      }
      return isTaken;
    } catch {
      return false;
    }
  };

  const attempt = async (signal: AbortSignal): Promise<void> => {
    try {
      await write();
      failures = 0;
    } catch (error) {
      const settled = await isSettled(error);
      failures += settled ? 0 : 1;
      log[failures === 1 && !settled ? 'warn' : 'debug']('Could not write the Lease', { lease: `${namespace}/${name}`, error });
      await pause(settled ? settings.retryMilliseconds / 10 : settings.retryMilliseconds, signal);
    }
  };

  const isOver = (): boolean => failure !== undefined;

  const stand = async (signal: AbortSignal): Promise<void> => {
    while (!signal.aborted && !isOver()) {
      wake = Promise.withResolvers<void>();
      const decision = decideLease(facts(), settings);
      if (decision.type === 'lost') {
        lose(decision.why);
      } else if (decision.type === 'write') {
        await attempt(signal);
      } else {
        const over = new AbortController();
        await Promise.race([pause(decision.milliseconds, AbortSignal.any([signal, over.signal])), wake.promise]);
        over.abort();
      }
    }
  };

  const release = async (): Promise<void> => {
    const held = isLeading();
    // From here on nothing may be written, whatever becomes of the release.
    failure ??= notLeading('it is being stopped');
    if (!held) {
      return;
    }
    const signal = AbortSignal.timeout(settings.releaseMilliseconds);
    const giveBack = (): Promise<unknown> =>
      client.patch(leases, ref, { spec: released(wall()) }, { resourceVersion: cache.get(ref)?.metadata?.resourceVersion ?? '', signal });
    try {
      await giveBack().catch(async (error: unknown) => {
        if (!(await isSettled(error)) || holderOf(cache.get(ref) ?? {}) !== me) {
          throw error;
        }
        return giveBack();
      });
      log.info('Released the Lease', { lease: `${namespace}/${name}` });
    } catch (error) {
      log.warn('Could not release the Lease: the next one waits until it expires', { error });
    }
  };

  return {
    elected: elected.promise,
    lost: lost.promise,
    isLeading,
    check,
    reflectors: [reflector],
    async run(signal) {
      const stop = new AbortController();
      const reflecting = reflector.run(stop.signal);
      await Promise.race([Promise.all([ready, reflector.synced]), untilAborted(signal)]);
      await stand(signal);
      await release();
      stop.abort();
      await reflecting;
    },
  };
};
