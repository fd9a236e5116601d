// Whether redo went as far as was planned. WAL may be stored up to the middle of a record: nobody was ever told that this one is there.
import { lsnText, segmentName, segmentStart } from '../../../api/lsn.ts';
import type { Replay } from '../../../core/recovery/replay.ts';
import { ArchiveError } from '../../errors.ts';
import type { Lineage } from '../../wal/read-lineage.ts';
import type { SegmentReader } from '../../wal/read-segment.ts';

type Reader = Pick<SegmentReader, 'read'>;

const pageBytes = 8192n;
const shortHeaderBytes = 24;
const longHeaderBytes = 40;

// Throws WalMissing where the server stopped before it.
export const checkRedoEnd = async (replay: Replay, end: bigint, lineage: Lineage, reader: Reader): Promise<void> => {
  if (end >= replay.atLeast || (await recordGoesBeyond(replay, end, lineage.document.segmentBytes, reader))) {
    return;
  }
  throw new ArchiveError(
    'WalMissing',
    `The server stopped at LSN ${lsnText(end)}, and was to come to ${lsnText(replay.atLeast)}: some of the WAL cannot be replayed. Nothing was restored.`,
  );
};

// Whether the record at `end` is longer than what is stored.
const recordGoesBeyond = async ({ timeline, to }: Replay, end: bigint, segmentBytes: number, reader: Reader): Promise<boolean> => {
  if (end >= to) {
    return true;
  }
  const offset = Number(end - segmentStart(end, segmentBytes)) + headerAt(end, segmentBytes);
  const bytes = await bytesAt(reader, segmentName(timeline, end, segmentBytes), offset, 4, to);
  if (bytes.length < 4) {
    return true;
  }
  const length = bytes.readUInt32LE();
  // At least: the headers of the pages that it crosses come on top.
  return length > 0 && end + BigInt(length + headerAt(end, segmentBytes)) > to - pageHeaders(end, to);
};

const headerAt = (lsn: bigint, segmentBytes: number): number =>
  lsn % BigInt(segmentBytes) === 0n ? longHeaderBytes : lsn % pageBytes === 0n ? shortHeaderBytes : 0;

const pageHeaders = (from: bigint, to: bigint): bigint => (to / pageBytes - from / pageBytes) * BigInt(shortHeaderBytes);

const bytesAt = async (reader: Reader, name: string, offset: number, count: number, upTo: bigint): Promise<Buffer> => {
  const parts: Buffer[] = [];
  let at = 0;
  for await (const piece of reader.read(name, { upTo })) {
    if (at + piece.length > offset && at < offset + count) {
      parts.push(Buffer.from(piece.subarray(Math.max(0, offset - at), Math.max(0, offset - at + count))));
    }
    at += piece.length;
    if (at >= offset + count) {
      break;
    }
  }
  return Buffer.concat(parts).subarray(0, count);
};
