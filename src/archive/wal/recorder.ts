// Takes the WAL of one timeline as it comes, cuts it into blocks and pieces, stores them side by side, and has them named in their order.
import { EngineError } from '../../engines/engine.ts';
import { lsnText } from '../../api/lsn.ts';
import type { StoredObject } from '../../api/stored/backup.ts';
import type { WalCheck } from '../../api/stored/wal.ts';
import type { Mark } from '../../core/wal/marks.ts';
import type { Placed, Range } from '../../core/wal/objects.ts';
import { blockOf, nextPieceFrom } from '../../core/wal/pieces.ts';
import type { IndexWriter } from './index-writer.ts';

export type RecorderOptions = {
  segmentBytes: number;
  // The first byte that comes: the beginning of a block.
  from: bigint;
  // What is stored and named already. The bytes before it come again, so that their block can be stored whole.
  stored: bigint;
  // All before it is named by pages, which stand for ever, and is not stored once more.
  closed: bigint;
  index: IndexWriter;
  // Seals and stores some WAL. When it calls `release` it does not need the bytes any more, and holds so many sealed ones instead. `recent` is what its
  // block holds up to the end of the range; it is valid only until the call returns.
  store: (range: Range, bytes: Buffer, recent: Buffer, release: (sealedBytes: number) => void) => Promise<Done>;
  // Asks the source to hold, or to go on.
  onPressure: (isFull: boolean) => void;
  // All up to here is stored and named.
  onStored: (lsn: bigint) => void;
  onFailure: (error: unknown) => void;
  // A tail is stored at least so often, when there is a new mark.
  markMilliseconds: number;
  nowMilliseconds: () => number;
};

export type Recorder = {
  // WAL from `lsn` on. The bytes are copied.
  take(lsn: bigint, bytes: Buffer): void;
  readonly received: () => bigint;
  readonly stored: () => bigint;
  // Whether the source is asked to hold.
  readonly isFull: () => boolean;
  // The newest mark that is stored.
  readonly marked: () => Mark | undefined;
  // Stores what has come and is not stored yet. Nothing, where an earlier piece is still under way.
  cut(): void;
  // A mark counts once all WAL before it is stored.
  mark(mark: Mark): void;
  // Resolves when all that was taken is stored and named.
  settled(): Promise<void>;
  // Names nothing any more, and resolves when nothing is under way: another recorder may take over.
  abandon(): Promise<void>;
};

type Done = { object: Placed; sidecar: StoredObject; check?: WalCheck };
type Block = Range & { readonly bytes: Buffer };
// `heldBytes`: of memory.
type Job = { readonly range: Range; readonly isWhole: boolean; heldBytes: number; done?: Done };

// What is under way, besides the block that grows: memory is bounded, and a store is not asked for too much at once.
const mostHeldBytes = 24 * 1024 ** 2;
const mostAtOnce = 6;
// While more is under way, what is stored is named so often only.
const namingMilliseconds = 500;
const mostSamples = 100;

export const makeRecorder = (options: RecorderOptions): Recorder => {
  const { index, segmentBytes } = options;
  let received = options.from;
  let stored = options.stored;
  let block: Block | undefined;
  let samples: Mark[] = [];
  let proven: Mark | undefined;
  let marked: Mark | undefined;
  let publishedMilliseconds = 0;
  let jobs: Job[] = [];
  const free: Buffer[] = [];
  let failure: { error: unknown } | undefined;
  let settling: PromiseWithResolvers<void>[] = [];

  const hasFailed = (): boolean => failure !== undefined;
  const fail = (error: unknown): void => {
    failure ??= { error };
    settling.forEach(({ reject }) => reject(error));
    settling = [];
    options.onFailure(error);
  };

  const begin = (): Block => {
    const range = blockOf(received, segmentBytes);
    return { ...range, bytes: free.pop() ?? Buffer.allocUnsafe(Number(range.to - range.from)) };
  };

  // A timeline that was left in the middle of a segment ends with a page there. Where the server comes back to it, the rest of the segment is stored.
  const firstOpen = (from: bigint): bigint => (options.closed > from ? options.closed : from);

  const underWay = (): Job[] => jobs.filter(({ done }) => done === undefined);
  const isFull = (): boolean => {
    const open = underWay();
    return open.length >= mostAtOnce || open.reduce((bytes, { heldBytes }) => bytes + heldBytes, 0) >= mostHeldBytes;
  };

  const start = (range: Range, bytes: Buffer, recent: Buffer, isWhole: boolean, release: () => void): void => {
    const job: Job = { range, isWhole, heldBytes: bytes.length };
    jobs.push(job);
    options.onPressure(isFull());
    options
      .store(range, bytes, recent, (sealedBytes) => {
        job.heldBytes = sealedBytes;
        release();
        options.onPressure(isFull());
      })
      .then((done) => {
        job.done = done;
        options.onPressure(isFull());
        return advance();
      })
      .catch(fail);
  };

  // Names what is stored, in order: what is stored out of order waits for what comes before it.
  let isPublishing = false;
  let publishing: Promise<void> = Promise.resolve();
  const advance = async (): Promise<void> => {
    while (!isPublishing && !hasFailed() && (isNamingDue() || isMarkDue())) {
      isPublishing = true;
      publishing = publish();
      try {
        await publishing;
      } finally {
        isPublishing = false;
      }
    }
    if (jobs.length === 0 && !isPublishing) {
      settling.forEach(({ resolve }) => resolve());
      settling = [];
    }
  };

  const isNamingDue = (): boolean =>
    jobs[0]?.done !== undefined && (underWay().length === 0 || options.nowMilliseconds() - publishedMilliseconds >= namingMilliseconds);

  const publish = async (): Promise<void> => {
    const ready = jobs.slice(0, firstUndone(jobs));
    for (const { done } of ready) {
      if (done !== undefined) {
        index.add(done.object, done.sidecar, done.check);
      }
    }
    const end = ready.reduce((to, { range }) => (range.to > to ? range.to : to), stored);
    proveMark(end);
    const mark = proven;
    proven = undefined;
    if (mark !== undefined) {
      index.addMark(mark);
    }
    await index.publish();
    marked = mark ?? marked;
    publishedMilliseconds = options.nowMilliseconds();
    jobs = jobs.slice(ready.length);
    stored = end;
    options.onStored(stored);
  };

  // The newest sample whose WAL is all stored.
  const proveMark = (end: bigint): void => {
    proven = samples.findLast(({ lsn }) => lsn <= end) ?? proven;
    samples = samples.filter(({ lsn }) => lsn > end);
  };
  const isMarkDue = (): boolean => {
    proveMark(stored);
    return proven !== undefined && options.nowMilliseconds() - publishedMilliseconds >= options.markMilliseconds;
  };

  return {
    take(lsn, bytes) {
      if (lsn !== received) {
        throw new EngineError('SourceFailed', `The server sent WAL from ${lsnText(lsn)} on, and ${lsnText(received)} was next.`, {
          retryable: true,
        });
      }
      for (let rest = bytes; rest.length > 0;) {
        block ??= begin();
        const at = Number(received - block.from);
        const taken = Math.min(rest.length, block.bytes.length - at);
        rest.copy(block.bytes, at, 0, taken);
        rest = rest.subarray(taken);
        received += BigInt(taken);
        if (received === block.to) {
          const { bytes: full, from, to } = block;
          block = undefined;
          if (to > stored) {
            const open = firstOpen(from);
            start({ from: open, to }, full.subarray(Number(open - from)), full, true, () => void free.push(full));
          } else {
            free.push(full);
          }
        }
      }
    },
    received: () => received,
    stored: () => stored,
    isFull,
    marked: () => marked,
    cut() {
      if (block === undefined || received <= stored || jobs.some(({ isWhole }) => !isWhole)) {
        return;
      }
      const { from: blockFrom, bytes } = block;
      const pieces = index.objects().filter((object) => object.from >= blockFrom);
      const from = nextPieceFrom(pieces, firstOpen(blockFrom), received);
      const recent = bytes.subarray(0, Number(received - blockFrom));
      const piece = Buffer.from(recent.subarray(Number(from - blockFrom)));
      start({ from, to: received }, piece, recent, false, () => undefined);
    },
    mark(mark) {
      samples = [...samples, mark].slice(-mostSamples);
      advance().catch(fail);
    },
    async settled() {
      if (failure !== undefined) {
        throw failure.error;
      }
      const wait = Promise.withResolvers<void>();
      settling.push(wait);
      await advance();
      await wait.promise;
    },
    async abandon() {
      failure ??= { error: new EngineError('SourceUnreachable', 'The connection has ended.', { retryable: true }) };
      await publishing;
    },
  };
};

const firstUndone = (jobs: readonly Job[]): number => {
  const at = jobs.findIndex(({ done }) => done === undefined);
  return at < 0 ? jobs.length : at;
};
