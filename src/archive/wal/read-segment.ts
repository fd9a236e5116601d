// One WAL segment as the server wrote it: joined from its objects, each verified, and padded with zeros where it is not full yet.
import { createWriteStream } from 'node:fs';
import { truncate } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { zstdDecompress } from 'node:zlib';
import { parseSegmentName, timelineName } from '../../api/lsn.ts';
import type { StoredObject } from '../../api/stored/backup.ts';
import { bySegment, selectObjects } from '../../core/wal/objects.ts';
import type { Part, Placed } from '../../core/wal/objects.ts';
import type { Store } from '../../stores/store.ts';
import { decryptBytes } from '../age/file.ts';
import { ArchiveError } from '../errors.ts';
import { walObjectKey } from '../layout.ts';
import { readObject } from '../volumes.ts';
import { checkSegmentHeader } from './page-header.ts';
import type { Lineage } from './read-lineage.ts';
import { checkLength, unpackInto } from './unpack-into.ts';

// Room that stays empty tells that nothing follows.
const spareBytes = 64;
const decompress = promisify(zstdDecompress);
const zeros = Buffer.alloc(1024 ** 2);

export type SegmentReader = {
  // Bytes of the segment that are stored, from its beginning on without a hole. 0: none.
  stored(name: string): number;
  // The whole segment in pieces, `segmentBytes` in all. `upTo`: what follows this LSN is left out, and zeros instead. Throws WalMissing where WAL before
  // `upTo`, or any where that is not given, is not stored.
  read(name: string, options?: ReadOptions): AsyncGenerator<Buffer>;
  // The same into a new file, by zstd itself where that can be: a replay takes hundreds of them, and none passes through this process.
  write(name: string, path: string, options?: ReadOptions): Promise<void>;
};

type ReadOptions = { upTo?: bigint; signal?: AbortSignal };

// Reads segments of one lineage. `identities` open the keys of the archive.
export const segmentReader = (store: Store, lineage: Lineage, identities: readonly string[]): SegmentReader => {
  const { document } = lineage;
  const { segmentBytes } = document;
  const objects = new Map(lineage.timelines.map((contents) => [contents.timeline, bySegment(contents.objects, segmentBytes)]));
  const identityOf = keyOpener(store, lineage.keys, identities);

  const find = (name: string): Found => {
    const place = parseSegmentName(name, segmentBytes);
    if (place === undefined) {
      throw new ArchiveError('WalMissing', `"${name}" is no name of a WAL segment of ${segmentBytes} bytes.`);
    }
    const of = objects.get(place.timeline)?.get(place.start) ?? [];
    return { ...place, ...selectObjects(of, { from: place.start, to: place.start + BigInt(segmentBytes) }) };
  };

  // Also where it must end, at `upTo` or whole.
  const findStored = (name: string, upTo: bigint | undefined): Found & { room: number } => {
    const found = find(name);
    const { timeline, start, parts, reached } = found;
    const end = start + BigInt(segmentBytes);
    const wanted = upTo === undefined || upTo > end ? end : upTo;
    if (parts.length === 0 || reached < wanted) {
      throw new ArchiveError(
        'WalMissing',
        `${store.description} lacks WAL of the segment ${name} (timeline ${timelineName(timeline)}): ${reached - start} of ${wanted - start} bytes are stored.`,
      );
    }
    return { ...found, room: Math.max(0, Number(wanted - start)) };
  };

  // Objects are small enough to be held whole: nothing is handed on before all of it was checked.
  const fetch = async (
    timeline: number,
    object: Placed,
    signal?: AbortSignal,
  ): Promise<{ packed: Buffer; key: string; length: number }> => {
    const key = walObjectKey({ lineageId: document.lineageId, segmentBytes }, timeline, object);
    const parts: Buffer[] = [];
    for await (const chunk of readObject(store, { key, bytes: object.bytes, sha256: object.sha256 }, signal)) {
      parts.push(chunk);
    }
    const packed = await decryptBytes(Buffer.concat(parts), [await identityOf(object.keyId)]);
    return { packed, key, length: Number(object.to - object.from) };
  };
  const open = async (timeline: number, { object, skip, take }: Part<Placed>, signal?: AbortSignal): Promise<Buffer> => {
    const { packed, key, length } = await fetch(timeline, object, signal);
    return (await unpack(packed, length, key)).subarray(skip, skip + take);
  };
  const check = (bytes: Buffer, name: string, { timeline, start }: Found): void =>
    checkSegmentHeader(bytes, { name, timeline, lsn: start, systemIdentifier: document.systemIdentifier, segmentBytes });

  async function* read(name: string, { upTo, signal }: ReadOptions = {}): AsyncGenerator<Buffer> {
    const found = findStored(name, upTo);
    let written = 0;
    for (const part of found.parts) {
      const bytes = await open(found.timeline, part, signal);
      if (written === 0) {
        check(bytes, name, found);
      }
      const left = Math.max(0, found.room - written);
      yield bytes.subarray(0, left);
      written += Math.min(left, bytes.length);
    }
    for (let left = segmentBytes - written; left > 0; left -= zeros.length) {
      yield zeros.subarray(0, Math.min(left, zeros.length));
    }
  }

  return {
    stored: (name) => {
      const { start, reached } = find(name);
      return Number(reached - start);
    },
    read,
    async write(name, path, options = {}) {
      const found = findStored(name, options.upTo);
      const [first, ...others] = found.parts;
      if (first === undefined || others.length > 0) {
        // Pieces of one that is still growing: one segment of each timeline.
        await pipeline(read(name, options), createWriteStream(path, { mode: 0o600 }));
        return;
      }
      const { packed, key, length } = await fetch(found.timeline, first.object, options.signal);
      const begin = await unpackInto(path, packed, { length, key, signal: options.signal });
      check(begin, name, found);
      // What is cut off, and what is missing to a whole one, reads as zeros.
      await truncate(path, Math.min(found.room, first.take));
      await truncate(path, segmentBytes);
    },
  };
};

type Found = { timeline: number; start: bigint; parts: readonly Part<Placed>[]; reached: bigint };

const unpack = async (packed: Buffer, length: number, key: string): Promise<Buffer> => {
  // All at once: in the small pieces of the default each one is a turn of its own, and the whole is copied once more.
  const plain = await decompress(packed, { maxOutputLength: length + 1, chunkSize: length + spareBytes });
  checkLength(plain.length, length, key);
  return plain;
};

// Opens each key once. A sidecar is believed only when it is the one that a signed document names.
const keyOpener = (
  store: Store,
  keys: ReadonlyMap<string, StoredObject>,
  identities: readonly string[],
): ((keyId: string) => Promise<string>) => {
  const opened = new Map<string, Promise<string>>();
  const open = async (keyId: string): Promise<string> => {
    const sidecar = keys.get(keyId);
    if (sidecar === undefined) {
      throw new ArchiveError('ObjectMissing', `No signed document names the key ${keyId} of this archive.`);
    }
    const parts: Buffer[] = [];
    for await (const chunk of readObject(store, sidecar)) {
      parts.push(chunk);
    }
    return (await decryptBytes(Buffer.concat(parts), identities)).toString('utf8').trim();
  };
  return (keyId) => {
    const known = opened.get(keyId) ?? open(keyId);
    opened.set(keyId, known);
    return known;
  };
};
