// Streams one timeline into the archive, until the server leaves it, somebody stops, or something breaks.
import { setTimeout as pause } from 'node:timers/promises';
import { lsnText } from '../../api/lsn.ts';
import { EngineError } from '../../engines/engine.ts';
import type { Session } from '../../engines/postgresql/client.ts';
import { openStream } from '../../engines/wal/stream.ts';
import type { NextTimeline, WalStream } from '../../engines/wal/stream.ts';
import { takeSample } from '../../engines/wal/server.ts';
import type { Sample } from '../../engines/wal/server.ts';
import { indexWriter } from './index-writer.ts';
import type { IndexStart, IndexWriter } from './index-writer.ts';
import type { Reached, Receiver } from './receiver.ts';
import { makeRecorder } from './recorder.ts';
import type { Recorder } from './recorder.ts';
import { checkedBytes, makeCheck } from './same-history.ts';
import { stallSecondsOf, targetOf } from './server-side.ts';
import { sealRange, storeRange } from './store-object.ts';
import { watchProgress } from './watch.ts';

// Of the sixty seconds that a mark may be old, some go by on its way.
const markAgeMilliseconds = 50_000;
const catchUpMilliseconds = 1000;
const settleMilliseconds = 15_000;
const recheckMilliseconds = 60_000;

export type LegOptions = {
  receiver: Receiver;
  session: Session;
  lineageId: string;
  segmentBytes: number;
  timeline: number;
  from: bigint;
  // The slot keeps the server's WAL from here on.
  keptFrom: bigint;
  start: IndexStart;
  // No document is dated before it, in milliseconds.
  notBefore?: number;
  // Marks are of the timeline that the server is on.
  isCurrent: boolean;
  // For Once: ends when all up to here is stored, and a mark.
  goal?: bigint;
};

export const makeIndex = ({
  receiver,
  lineageId,
  segmentBytes,
  timeline,
  start,
  notBefore = 0,
}: Omit<LegOptions, 'session' | 'from' | 'keptFrom' | 'isCurrent'>): IndexWriter =>
  indexWriter(
    {
      store: receiver.patient,
      signer: receiver.archive.signer,
      trust: receiver.archive.trust,
      lineageId,
      segmentBytes,
      timeline,
      epoch: receiver.archive.writer.document.epoch,
      now: () => new Date(Math.max(receiver.context.now().getTime(), notBefore)),
      count: receiver.count,
    },
    start,
  );

export type LegEnd = { readonly kind: 'left'; readonly next: NextTimeline } | { readonly kind: 'stopped' };

export const streamLeg = async (options: LegOptions): Promise<LegEnd> => {
  const { receiver, lineageId, timeline } = options;
  const { plan, context } = receiver;
  const index = makeIndex(options);
  const over = new AbortController();
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => undefined);
  let stream: WalStream | undefined;
  let isEnding = false;

  const acknowledge = (): void => {
    const others = receiver.followers.acknowledged(lineageId, timeline);
    const stored = recorder.stored();
    const durable = others === 'all' || (others !== undefined && others > stored) ? stored : (others ?? 0n);
    const last = receiver.reached?.lineageId === lineageId && receiver.reached.timeline === timeline ? receiver.reached : undefined;
    const before = last?.acknowledged ?? 0n;
    const acknowledged = durable > before ? durable : before;
    const { heldFrom } = options.start;
    const from = last !== undefined && last.from < heldFrom && last.stored >= heldFrom ? last.from : heldFrom;
    receiver.reached = { lineageId, timeline, from, stored, acknowledged, ...markOf(recorder, last) };
    if (acknowledged >= heldByServer(options, recorder)) {
      stream?.confirm(acknowledged);
    }
    receiver.report();
  };
  const recorder = startRecorder(options, index, {
    onPressure: (isFull) => (isFull || isEnding ? stream?.hold() : stream?.goOn()),
    onStored: () => {
      receiver.followers.wake(lineageId);
      acknowledge();
    },
    onFailure: failed.reject,
  });

  receiver.followers.wake(lineageId);
  const onWal = (lsn: bigint, bytes: Buffer): void => {
    try {
      recorder.take(lsn, bytes);
    } catch (error) {
      failed.reject(error);
    }
  };
  stream = await openStream({ ...targetOf(plan), slot: plan.slot, timeline, from: options.from, onWal });
  context.log.info('Receiving WAL', { lineageId, timeline, from: lsnText(options.from), stored: lsnText(recorder.stored()) });
  try {
    acknowledge();
    const ticking = tick(options, recorder, acknowledge, over.signal);
    const end = await Promise.race([stream.ended.then(leftOrBroken), ticking, failed.promise, aborted(context.signal, over.signal)]);
    isEnding = true;
    stream.hold();
    recorder.cut();
    await (end.kind === 'left' ? recorder.settled() : briefly(recorder.settled()));
    acknowledge();
    if (end.kind === 'left') {
      await index.close({ lsn: lsnText(end.next.lsn), nextTimeline: end.next.timeline });
      receiver.followers.wake(lineageId);
    }
    return end;
  } finally {
    over.abort();
    await stream.close();
    await briefly(recorder.abandon());
  }
};

// From where on the server surely has its WAL: as the slot keeps it, or as it came. A slot goes where it is told to, also back to WAL that was removed, and
// then it keeps none.
const heldByServer = ({ from, keptFrom }: LegOptions, recorder: Recorder): bigint =>
  recorder.received() > from && from < keptFrom ? from : keptFrom;

// The newest one of this timeline, also where it is of the connection before.
const markOf = (recorder: Recorder, last: Reached | undefined): { markMilliseconds?: number } => {
  const marked = recorder.marked()?.timeMilliseconds ?? last?.markMilliseconds;
  return marked === undefined ? {} : { markMilliseconds: marked };
};

const startRecorder = (
  { receiver, segmentBytes, lineageId, timeline, from, start, goal }: LegOptions,
  index: IndexWriter,
  handlers: { onPressure: (isFull: boolean) => void; onStored: () => void; onFailure: (error: unknown) => void },
): Recorder => {
  let checkedMilliseconds = Date.now();
  return makeRecorder({
    segmentBytes,
    from,
    stored: start.objects.at(-1)?.to ?? (start.from > from ? start.from : from),
    closed: start.from,
    index: {
      ...index,
      async publish() {
        if (Date.now() - checkedMilliseconds > recheckMilliseconds) {
          await receiver.archive.recheck();
          checkedMilliseconds = Date.now();
        }
        await index.publish();
      },
    },
    async store(range, bytes, recent, release) {
      const check = makeCheck(receiver.archive.signer, range.to, recent.subarray(-checkedBytes));
      const key = await receiver.keys();
      const sealed = await sealRange(bytes, key, release);
      const object = await storeRange(receiver.patient, { lineageId, segmentBytes, timeline }, range, key, sealed, receiver.sent);
      return { object, sidecar: key.sidecar, ...(check === undefined ? {} : { check }) };
    },
    ...handlers,
    markMilliseconds: goal === undefined ? markAgeMilliseconds : 0,
    nowMilliseconds: () => performance.now(),
  });
};

const leftOrBroken = (next: NextTimeline | undefined): LegEnd => {
  if (next === undefined) {
    throw new EngineError('SourceUnreachable', 'The server stopped to send WAL.', { retryable: true });
  }
  return { kind: 'left', next };
};

// Every flush: asks the server for time and place, and stores what has come by then.
const tick = async (
  { receiver, session, from, isCurrent, goal }: LegOptions,
  recorder: Recorder,
  onTick: () => void,
  signal: AbortSignal,
): Promise<LegEnd> => {
  const { plan } = receiver;
  const watch = watchProgress(stallSecondsOf(plan));
  for (;;) {
    const sample = await takeSample(session, plan.slot);
    checkSample(receiver, sample);
    if (sample !== undefined && isCurrent) {
      await untilReceived(recorder, sample.lsn, signal);
      watch(recorder.received(), sample.lsn, recorder.isFull(), performance.now());
      recorder.mark(sample);
    }
    // A server that answers may still be one that does not send.
    if (sample === undefined || recorder.received() > from || recorder.received() >= sample.lsn) {
      receiver.troubles.tell('server');
    }
    recorder.cut();
    onTick();
    if (goal !== undefined && recorder.stored() >= goal && recorder.marked() !== undefined) {
      return { kind: 'stopped' };
    }
    await pause(goal === undefined ? plan.flushSeconds * 1000 : 200, undefined, { signal });
  }
};

const untilReceived = async (recorder: Recorder, lsn: bigint, signal: AbortSignal): Promise<void> => {
  for (const end = Date.now() + catchUpMilliseconds; recorder.received() < lsn && Date.now() < end;) {
    await pause(10, undefined, { signal });
  }
};

// Throws where going on would harm the server.
export const checkSample = ({ plan }: Receiver, sample: Sample | undefined): void => {
  if (sample?.isSynchronous === true && !plan.synchronous) {
    throw new EngineError(
      'SynchronousStandby',
      'The server waits for this receiver at every commit: synchronous_standby_names matches it. Name the standbys there one by one, or set walArchive.synchronous.',
    );
  }
  checkRetained(plan.maxRetainedBytes, sample?.retainedBytes);
};

// Throws RetainedTooMuch where the server keeps more WAL for the slot than it may.
const checkRetained = (most: number | undefined, retained: bigint | undefined): void => {
  if (most !== undefined && retained !== undefined && retained > BigInt(most)) {
    throw new RetainedTooMuch(retained);
  }
};

// The slot must go, whatever is lost by that: the server comes first.
export class RetainedTooMuch extends Error {
  readonly retainedBytes: bigint;

  constructor(retainedBytes: bigint) {
    super(`The server keeps ${retainedBytes} bytes of WAL for the slot.`);
    this.name = 'RetainedTooMuch';
    this.retainedBytes = retainedBytes;
  }
}

// Waits for work for a short time only: somebody waits for us to end. What is not stored by then is still at the server.
const briefly = async (work: Promise<void>): Promise<void> => {
  const waiting = new AbortController();
  await Promise.race([
    work.catch(() => undefined),
    pause(settleMilliseconds, undefined, { signal: waiting.signal }).catch(() => undefined),
  ]);
  waiting.abort();
};

const aborted = (signal: AbortSignal, over: AbortSignal): Promise<LegEnd> =>
  new Promise((resolve) => {
    const stop = (): void => resolve({ kind: 'stopped' });
    if (signal.aborted) {
      stop();
    }
    signal.addEventListener('abort', stop, { once: true, signal: over });
  });
