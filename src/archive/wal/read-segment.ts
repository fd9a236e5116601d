// One WAL segment as the server wrote it: joined from its objects, each verified, and padded with zeros where it is not full yet.
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

// Room that stays empty tells that nothing follows.
const spareBytes = 64;
const decompress = promisify(zstdDecompress);
const zeros = Buffer.alloc(1024 ** 2);

export type SegmentReader = {
  // Bytes of the segment that are stored, from its beginning on without a hole. 0: none.
  stored(name: string): number;
  // The whole segment in pieces, `segmentBytes` in all. `upTo`: what follows this LSN is left out, and zeros instead. Throws WalMissing where WAL before
  // `upTo`, or any where that is not given, is not stored.
  read(name: string, options?: { upTo?: bigint; signal?: AbortSignal }): AsyncGenerator<Buffer>;
};

// Reads segments of one lineage. `identities` open the keys of the archive.
export const segmentReader = (store: Store, lineage: Lineage, identities: readonly string[]): SegmentReader => {
  const { document } = lineage;
  const { segmentBytes } = document;
  const objects = new Map(lineage.timelines.map((contents) => [contents.timeline, bySegment(contents.objects, segmentBytes)]));
  const identityOf = keyOpener(store, lineage.keys, identities);

  const find = (name: string) => {
    const place = parseSegmentName(name, segmentBytes);
    if (place === undefined) {
      throw new ArchiveError('WalMissing', `"${name}" is no name of a WAL segment of ${segmentBytes} bytes.`);
    }
    const of = objects.get(place.timeline)?.get(place.start) ?? [];
    return { ...place, ...selectObjects(of, { from: place.start, to: place.start + BigInt(segmentBytes) }) };
  };

  // Objects are small enough to be held whole: nothing is handed on before all of it was checked.
  const open = async (timeline: number, { object, skip, take }: Part<Placed>, signal?: AbortSignal): Promise<Buffer> => {
    const key = walObjectKey({ lineageId: document.lineageId, segmentBytes }, timeline, object);
    const parts: Buffer[] = [];
    for await (const chunk of readObject(store, { key, bytes: object.bytes, sha256: object.sha256 }, signal)) {
      parts.push(chunk);
    }
    const length = Number(object.to - object.from);
    const plain = await unpack(await decryptBytes(Buffer.concat(parts), [await identityOf(object.keyId)]), length, key);
    return plain.subarray(skip, skip + take);
  };

  return {
    stored: (name) => {
      const { start, reached } = find(name);
      return Number(reached - start);
    },
    async *read(name, { upTo, signal } = {}) {
      const { timeline, start, parts, reached } = find(name);
      const end = start + BigInt(segmentBytes);
      const wanted = upTo === undefined || upTo > end ? end : upTo;
      if (parts.length === 0 || reached < wanted) {
        throw new ArchiveError(
          'WalMissing',
          `${store.description} lacks WAL of the segment ${name} (timeline ${timelineName(timeline)}): ${reached - start} of ${wanted - start} bytes are stored.`,
        );
      }
      let written = 0;
      for (const part of parts) {
        const bytes = await open(timeline, part, signal);
        if (written === 0) {
          const { systemIdentifier } = document;
          checkSegmentHeader(bytes, { name, timeline, lsn: start, systemIdentifier, segmentBytes });
        }
        const room = Math.max(0, Number(wanted - start) - written);
        yield bytes.subarray(0, room);
        written += Math.min(room, bytes.length);
      }
      for (let left = segmentBytes - written; left > 0; left -= zeros.length) {
        yield zeros.subarray(0, Math.min(left, zeros.length));
      }
    },
  };
};

const unpack = async (packed: Buffer, length: number, key: string): Promise<Buffer> => {
  // All at once: in the small pieces of the default each one is a turn of its own, and the whole is copied once more.
  const plain = await decompress(packed, { maxOutputLength: length + 1, chunkSize: length + spareBytes });
  if (plain.length !== length) {
    throw new ArchiveError(
      'SizeMismatch',
      `${key} holds ${plain.length} bytes of WAL, its name says ${length}. Do not trust this archive.`,
    );
  }
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
