// WAL as it comes from the server, over the streaming replication protocol.
import type { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { lsnBytes, lsnText } from '../../api/lsn.ts';
import { EngineError } from '../engine.ts';
import { connectRaw } from '../postgresql/client.ts';
import type { RawConnection, Target } from '../postgresql/client.ts';
import { parseMessage, statusMessage } from './messages.ts';
import { explainStreamError } from './stream-errors.ts';

// Where the server went on when it left a timeline.
export type NextTimeline = { readonly timeline: number; readonly lsn: bigint };

export type WalStream = {
  // Stops reading: the server keeps what it cannot send. Answers go on.
  hold(): void;
  goOn(): void;
  // Tells the server at once that all up to here is durable.
  confirm(durable: bigint): void;
  // Where the timeline was left, or undefined after `close`. Rejects when the connection breaks.
  readonly ended: Promise<NextTimeline | undefined>;
  close(): Promise<void>;
};

export type StreamOptions = Target & {
  // Absent: the server keeps nothing for this stream.
  slot?: string;
  timeline: number;
  from: bigint;
  // The bytes are valid only until it returns.
  onWal: (lsn: bigint, bytes: Buffer) => void;
};

const statusMilliseconds = 10_000;
const closeMilliseconds = 2000;
const usualAnswerMilliseconds = 30_000;

// What the library has and its types do not name.
type Wire = EventEmitter & { stream: Socket; sendCopyFromChunk(chunk: Buffer): void; endCopyFrom(): void; query(text: string): void };

// Starts to stream. Throws SlotInUse, WalRemoved, SlotLost, or what else keeps the server from sending.
export const openStream = async (options: StreamOptions): Promise<WalStream> => {
  const { answerMilliseconds = usualAnswerMilliseconds, ...target } = options;
  // The stream itself is a question without an end.
  const connection = await connectRaw({ ...target, replication: true });
  const { client } = connection;
  const wire = (client as unknown as { connection: Wire }).connection;
  let received = options.from;
  let durable = 0n;
  let isOpen = true;

  const answer = (): void => {
    if (isOpen) {
      wire.sendCopyFromChunk(statusMessage(received, durable, Date.now()));
    }
  };
  const timer = setInterval(answer, statusMilliseconds);

  const { started, ended } = runStream(connection, wire, options, (chunk) => {
    const message = parseMessage(chunk);
    if (message.kind === 'wal') {
      options.onWal(message.lsn, message.bytes);
      received = message.lsn + BigInt(message.bytes.length);
    } else if (message.kind === 'keepalive' && message.wantsAnswer) {
      answer();
    }
  });
  const over = ended.finally(() => {
    isOpen = false;
    clearInterval(timer);
  });
  // Looked at by whoever waits for the end.
  over.catch(() => undefined);
  try {
    await within(answerMilliseconds, started);
  } catch (error) {
    await client.end().catch(() => undefined);
    throw error;
  }
  return {
    hold: () => void wire.stream.pause(),
    goOn: () => void wire.stream.resume(),
    confirm(lsn) {
      durable = lsn;
      answer();
    },
    ended: over,
    async close() {
      // The server lets go of the slot at once when it is told so.
      if (isOpen) {
        isOpen = false;
        wire.stream.resume();
        wire.endCopyFrom();
        // A timer that went on would keep the process for so long.
        const waiting = new AbortController();
        await Promise.race([
          over.catch(() => undefined),
          pause(closeMilliseconds, undefined, { signal: waiting.signal }).catch(() => undefined),
        ]);
        waiting.abort();
      }
      await client.end().catch(() => undefined);
    },
  };
};

const within = async (milliseconds: number, started: Promise<void>): Promise<void> => {
  const waiting = new AbortController();
  const late = pause(milliseconds, undefined, { signal: waiting.signal }).then(() => {
    throw new EngineError('SourceUnreachable', 'The server does not begin to send WAL.', { retryable: true });
  });
  late.catch(() => undefined);
  try {
    await Promise.race([started, late]);
  } finally {
    waiting.abort();
  }
};

type Row = { fields: (string | null)[] };

// Runs START_REPLICATION as a query of the library: copy data that no query waits for would be an error to it.
const runStream = (
  { client, explain }: RawConnection,
  wire: Wire,
  { slot, timeline, from }: StreamOptions,
  onData: (chunk: Buffer) => void,
): { started: Promise<void>; ended: Promise<NextTimeline | undefined> } => {
  const started = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<NextTimeline | undefined>();
  let next: NextTimeline | undefined;
  const fail = (error: unknown): void => {
    const explained = explainStreamError(error, slot ?? 'none', explain);
    started.reject(explained);
    ended.reject(explained);
  };
  wire.once('replicationStart', () => started.resolve());
  // The server has sent all of an old timeline. It says where the next one begins when we have agreed.
  wire.once('copyDone', () => wire.endCopyFrom());
  client.once('end', () =>
    fail(new EngineError('SourceUnreachable', 'The server ended the connection that sends WAL.', { retryable: true })),
  );
  // Its handlers say how it goes; there is no promise to wait for.
  void client.query({
    submit: () =>
      wire.query(`START_REPLICATION ${slot === undefined ? '' : `SLOT "${slot}" `}PHYSICAL ${lsnText(from)} TIMELINE ${timeline}`),
    handleCopyData: ({ chunk }: { chunk: Buffer }) => onData(chunk),
    handleRowDescription: () => undefined,
    handleDataRow: ({ fields: [nextTimeline, lsn] }: Row) => {
      if (nextTimeline != null && lsn != null) {
        next = { timeline: Number(nextTimeline), lsn: lsnBytes(lsn) };
      }
    },
    handleCommandComplete: () => undefined,
    handleReadyForQuery: () => {
      // A timeline that has no WAL behind `from` ends before it begins.
      started.resolve();
      ended.resolve(next);
    },
    handleError: fail,
    handleEmptyQuery: () => undefined,
    handlePortalSuspended: () => undefined,
  } as unknown as Parameters<typeof client.query>[0]);
  return { started: started.promise, ended: ended.promise };
};
