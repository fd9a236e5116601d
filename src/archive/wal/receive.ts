// The verb `receive`: WAL from the server's replication slot into the tiers, one connection after the other.
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { lsnText } from '../../api/lsn.ts';
import type { ReceivePlan, ReceiveResult } from '../../api/agent.ts';
import { EngineError } from '../../engines/engine.ts';
import { StoreError } from '../../stores/errors.ts';
import type { Store } from '../../stores/store.ts';
import type { AgentContext } from '../context.ts';
import { ArchiveError } from '../errors.ts';
import { readListedSigner, readVerifiers } from '../signing/keys.ts';
import { openArchive } from './archive.ts';
import { barrier } from './barrier.ts';
import { receiveOverConnection } from './connection.ts';
import { dayKeys } from './day-key.ts';
import { makeSent } from './sent.ts';
import { startFollowers } from './followers.ts';
import { letGo, letGoIfTooMuch } from './let-go.ts';
import { patientStore } from './patient-store.ts';
import type { Receiver } from './receiver.ts';
import { startReporter } from './report.ts';
import { RetainedTooMuch } from './stream-leg.ts';
import { createTroubles } from './troubles.ts';

export type ReceiveOutcome = Pick<ReceiveResult, 'timeline' | 'storedLsn' | 'restorableTo'>;

const graceMilliseconds = 16_000;
const firstPauseMilliseconds = 500;
const longestPauseMilliseconds = 5_000;
// A sender whose receiver died without a word is noticed by the server after wal_sender_timeout, a minute by default.
const slotPatienceMilliseconds = 90_000;
// A new password reaches the pod's files a minute after it was changed.
const loginPatienceMilliseconds = 180_000;

export const receive = async (plan: ReceivePlan, context: AgentContext): Promise<ReceiveOutcome> => {
  const verifiers = readVerifiers(plan.verificationKeys);
  if (plan.mode === 'Barrier') {
    return barrier(plan, verifiers, context);
  }
  const signer = readListedSigner(await readFile(plan.signingKeyFile, 'utf8'), verifiers);
  const [first, ...others] = plan.tiers.toSorted((a, b) => Number(b.acknowledge) - Number(a.acknowledge));
  if (first?.acknowledge !== true) {
    throw new ArchiveError('DocumentInvalid', 'No tier acknowledges WAL. Use agent and operator of one release.');
  }
  const store = await context.openStore(first.location);
  // What has come is still stored when it is told to stop.
  const patience = new AbortController();
  const onStop = (): void => void setTimeout(() => patience.abort(context.signal.reason), graceMilliseconds).unref();
  context.signal.addEventListener('abort', onStop, { once: true });
  const troubles = createTroubles(context.now);
  const reporter = startReporter(context, troubles, plan.mode === 'Continuous');
  try {
    const receiver = await makeReceiver(
      plan,
      store,
      patience.signal,
      { others, keys: { signer, verifiers }, troubles, report: () => reporter.look() },
      context,
    );
    reporter.watch(receiver);
    try {
      await keepReceiving(receiver);
      await (plan.mode === 'Once'
        ? receiver.followers.settle(Number.POSITIVE_INFINITY, context.signal)
        : receiver.followers.settle(graceMilliseconds, patience.signal));
    } finally {
      await receiver.followers.stop();
    }
    if (plan.mode !== 'Continuous') {
      context.signal.throwIfAborted();
    }
    return outcomeOf(receiver);
  } finally {
    context.signal.removeEventListener('abort', onStop);
    reporter.stop();
    patience.abort();
    await store.close();
  }
};

type Parts = Pick<Receiver, 'troubles' | 'report'> & { others: ReceivePlan['tiers']; keys: Parameters<typeof openArchive>[2] };

const makeReceiver = async (
  plan: ReceivePlan,
  store: Store,
  patience: AbortSignal,
  { others, keys, troubles, report }: Parts,
  context: AgentContext,
): Promise<Receiver> => {
  let wasLetGo = false;
  const archive = await untilReachable(() => openArchive(plan, store, keys, context), {
    plan,
    context,
    meanwhile: async (error) => {
      troubles.tell('archive', error);
      report();
      wasLetGo = (await letGoIfTooMuch(plan, context)) || wasLetGo;
    },
  });
  troubles.tell('archive');
  const onTry = (error?: unknown): void => {
    troubles.tell('store', error);
    report();
  };
  const patient = patientStore(store, { signal: patience, log: context.log, onTry });
  const unique = randomBytes(4).toString('hex');
  let count = Math.floor(Math.random() * 400_000);
  return {
    plan,
    context,
    archive,
    store,
    patient,
    unique,
    keys: dayKeys(patient, plan.recipients, { component: plan.component, unique, now: context.now }),
    sent: makeSent(),
    count: () => {
      count += 1;
      return count;
    },
    followers: startFollowers(others, { from: store, archive, plan, context, onFollowed: () => undefined }),
    troubles,
    report,
    gapReason: wasLetGo ? 'RetainedTooMuch' : undefined,
    reached: undefined,
  };
};

const isRetryable = (error: unknown): boolean =>
  (error instanceof EngineError || error instanceof StoreError || error instanceof ArchiveError) && error.retryable;

// A store that is away when the receiver begins is waited for; a person's mistake is not.
const untilReachable = async <T>(
  work: () => Promise<T>,
  { plan, context, meanwhile }: { plan: ReceivePlan; context: AgentContext; meanwhile: (error: unknown) => Promise<void> },
): Promise<T> => {
  const { signal, log } = context;
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      signal.throwIfAborted();
      await meanwhile(error);
      if (plan.mode !== 'Continuous' || !isRetryable(error)) {
        throw error;
      }
      log.warn('The archive cannot be opened; trying again', { tries, error });
      await pause(pauseAfter(tries), undefined, { signal });
    }
  }
};

const pauseAfter = (failures: number): number =>
  Math.min(longestPauseMilliseconds, firstPauseMilliseconds * 2 ** Math.min(failures - 1, 10));

// One connection after the other, until it was told to stop or something forbids to go on.
const keepReceiving = async (receiver: Receiver): Promise<void> => {
  const { context, plan } = receiver;
  let failures = 0;
  let since = Date.now();
  while (!context.signal.aborted) {
    const before = receiver.reached;
    try {
      await receiveOverConnection(receiver);
      return;
    } catch (error) {
      if (context.signal.aborted) {
        return;
      }
      const hasGotOn = receiver.reached !== before;
      failures = hasGotOn ? 1 : failures + 1;
      since = hasGotOn || failures === 1 ? Date.now() : since;
      if (error instanceof RetainedTooMuch) {
        receiver.gapReason = 'RetainedTooMuch';
        await letGo(plan, error.retainedBytes, context);
      } else {
        throwIfFinal(error, plan, Date.now() - since);
        receiver.troubles.tell('server', error);
        receiver.report();
        context.log.warn('The connection that receives WAL has ended; trying again', { failures, error });
      }
    }
    await pause(pauseAfter(failures), undefined, { signal: context.signal }).catch(() => undefined);
  }
};

const throwIfFinal = (error: unknown, { mode }: ReceivePlan, failedMilliseconds: number): void => {
  const code = error instanceof EngineError ? error.code : '';
  if (code === 'SlotInUse' && failedMilliseconds < slotPatienceMilliseconds) {
    return;
  }
  if (code === 'AuthenticationFailed' && mode === 'Continuous' && failedMilliseconds < loginPatienceMilliseconds) {
    return;
  }
  if (code === 'SlotInUse' || !isRetryable(error)) {
    throw error;
  }
};

const outcomeOf = ({ reached }: Receiver): ReceiveOutcome =>
  reached === undefined
    ? {}
    : {
        timeline: reached.timeline,
        storedLsn: lsnText(reached.stored),
        ...(reached.markMilliseconds === undefined ? {} : { restorableTo: new Date(reached.markMilliseconds).toISOString() }),
      };
