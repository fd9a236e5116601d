// A tiny engine: streams of given bytes, compressed by zstd, read back and compared.
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { createZstdDecompress, zstdCompressSync } from 'node:zlib';
import { EngineError } from '../../src/engines/engine.ts';
import type { EngineRun, Parent, SmallArtifact, StreamedArtifact } from '../../src/engines/engine.ts';
import type { WholeCopy } from '../../src/api/backup-type.ts';

export type Content = { name: string; raw: Buffer };

export type FakeOptions = {
  contents?: readonly Content[];
  documents?: readonly SmallArtifact[];
  predictedBytes?: number;
  // Where it fails, with an error of an engine.
  failAt?: 'preflight' | 'open' | 'stream' | 'ended' | 'read back' | 'finish' | 'close';
  // A source that goes on for ever until it is stopped.
  endless?: boolean;
  // Stops reading back before the end, and is content.
  lazy?: boolean;
  // Why it copies everything although it was given a parent.
  whole?: WholeCopy;
};

export type FakeEngine = EngineRun & { closed: () => boolean; opened: () => number; parent: () => Parent | undefined };

const failed = (what: string): EngineError =>
  new EngineError('SourceFailed', `The source failed at ${what}. Look at it.`, { retryable: true });

const artifact = ({ name, raw }: Content, options: FakeOptions, onOpen: () => void): StreamedArtifact => ({
  name,
  async open() {
    onOpen();
    if (options.failAt === 'open') {
      throw failed('open');
    }
    const compressed = zstdCompressSync(raw);
    async function* source(): AsyncGenerator<Buffer> {
      for (let at = 0; at < compressed.length || options.endless === true; at += 50_000) {
        yield compressed.subarray(at, at + 50_000);
        if (options.failAt === 'stream') {
          throw failed('stream');
        }
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    const ended = options.failAt === 'ended' ? Promise.reject(failed('ended')) : Promise.resolve();
    return { stream: Readable.from(source(), { objectMode: false }), ended };
  },
  async readBack(stream) {
    if (options.failAt === 'read back') {
      throw new EngineError('VerificationFailed', 'What came back is wrong. Look at the store.');
    }
    if (options.lazy === true) {
      await once(stream, 'readable');
      return { rawBytes: raw.length, derived: [] };
    }
    const parts: Buffer[] = [];
    const plain = createZstdDecompress();
    stream.once('error', (error) => plain.destroy(error));
    for await (const part of stream.pipe(plain)) {
      parts.push(part as Buffer);
    }
    if (!Buffer.concat(parts).equals(raw)) {
      throw new EngineError('VerificationFailed', `${name} came back with other bytes.`);
    }
    return { rawBytes: raw.length, derived: [{ name: `${name}.list`, content: Buffer.from(`list of ${name}`), state: true }] };
  },
});

export const fakeEngine = (options: FakeOptions = {}): FakeEngine => {
  const contents = options.contents ?? [{ name: 'base.tar', raw: Buffer.from('the whole database '.repeat(20_000)) }];
  let isClosed = false;
  let opened = 0;
  let given: Parent | undefined;
  return {
    parent: () => given,
    closed: () => isClosed,
    opened: () => opened,
    async preflight(_signal, parent) {
      given = parent;
      if (options.failAt === 'preflight') {
        throw failed('preflight');
      }
      return {
        ...(options.predictedBytes === undefined ? {} : { predictedBytes: options.predictedBytes }),
        ...(options.whole === undefined ? {} : { whole: options.whole }),
      };
    },
    async *artifacts() {
      for (const content of contents) {
        yield artifact(content, options, () => (opened += 1));
      }
    },
    async finish() {
      if (options.failAt === 'finish') {
        throw failed('finish');
      }
      return {
        facts: { versions: { postgresql: '17.11' }, restorableTo: '2026-11-22T02:00:05.000Z' },
        documents: [...(options.documents ?? [{ name: 'facts.json', content: Buffer.from('{"rows":1}'), state: false }])],
      };
    },
    async close() {
      isClosed = true;
      if (options.failAt === 'close') {
        throw failed('close');
      }
    },
  };
};
