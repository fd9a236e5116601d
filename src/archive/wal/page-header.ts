// The header of the first page of a WAL segment: whose WAL it is, and which. age binds no name, so a segment is believed only with this.
import { lsnText } from '../../api/lsn.ts';
import { ArchiveError } from '../errors.ts';

const headerBytes = 40;
const longHeaderFlag = 0x0002;

export type SegmentHeader = {
  readonly timeline: number;
  readonly lsn: bigint;
  readonly systemIdentifier: string;
  readonly segmentBytes: number;
};

// Undefined: this is no beginning of a segment. PostgreSQL writes in the order of bytes of its machine; all of those that we know are little-endian.
export const readSegmentHeader = (bytes: Buffer): SegmentHeader | undefined =>
  bytes.length < headerBytes || (bytes.readUInt16LE(2) & longHeaderFlag) === 0
    ? undefined
    : {
        timeline: bytes.readUInt32LE(4),
        lsn: bytes.readBigUInt64LE(8),
        systemIdentifier: bytes.readBigUInt64LE(24).toString(),
        segmentBytes: bytes.readUInt32LE(32),
      };

// Throws DocumentInvalid where the beginning of a segment is not that of this server, or of another place. Its timeline may be an older one:
// a server copies the segment in which it leaves a timeline.
export const checkSegmentHeader = (
  bytes: Buffer,
  expected: { name: string; timeline: number; lsn: bigint; systemIdentifier: string; segmentBytes: number },
): void => {
  const header = readSegmentHeader(bytes);
  const isRight =
    header !== undefined &&
    header.lsn === expected.lsn &&
    header.timeline <= expected.timeline &&
    header.systemIdentifier === expected.systemIdentifier &&
    header.segmentBytes === expected.segmentBytes;
  if (!isRight) {
    const found = header === undefined ? 'no WAL' : `WAL of the server ${header.systemIdentifier} at ${lsnText(header.lsn)}`;
    throw new ArchiveError('DocumentInvalid', `The stored segment ${expected.name} holds ${found}. Do not trust this archive.`);
  }
};
