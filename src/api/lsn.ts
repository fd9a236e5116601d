// Places in the WAL, as PostgreSQL writes them (`0/3000028`), and the names of the segment files that hold them. Engines and the archive both speak of them.

// Bytes from the beginning of the WAL. Throws RangeError for what is no LSN.
export const lsnBytes = (lsn: string): bigint => {
  const found = /^([0-9A-Fa-f]{1,8})\/([0-9A-Fa-f]{1,8})$/.exec(lsn);
  if (found === null) {
    throw new RangeError(`"${lsn}" is no LSN`);
  }
  return (BigInt(`0x${found[1]}`) << 32n) | BigInt(`0x${found[2]}`);
};

// As PostgreSQL writes it.
export const lsnText = (bytes: bigint): string => `${(bytes >> 32n).toString(16)}/${(bytes & 0xffff_ffffn).toString(16)}`.toUpperCase();

const hex8 = (value: bigint): string => value.toString(16).toUpperCase().padStart(8, '0');

export const timelineName = (timeline: number): string => hex8(BigInt(timeline));

// The first byte of the segment that holds this one.
export const segmentStart = (lsn: bigint, segmentBytes: number): bigint => lsn - (lsn % BigInt(segmentBytes));

// The file name of the segment that holds the byte.
export const segmentName = (timeline: number, lsn: bigint, segmentBytes: number): string => {
  const size = BigInt(segmentBytes);
  const perId = 0x1_0000_0000n / size;
  const segment = lsn / size;
  return `${timelineName(timeline)}${hex8(segment / perId)}${hex8(segment % perId)}`;
};

// Timeline and first byte of a segment, by its file name. Undefined: this is no name of a segment of that size.
export const parseSegmentName = (name: string, segmentBytes: number): { timeline: number; start: bigint } | undefined => {
  const found = /^([0-9A-F]{8})([0-9A-F]{8})([0-9A-F]{8})$/.exec(name);
  if (found === null) {
    return undefined;
  }
  const [timeline, id, segment] = found.slice(1).map((digits) => BigInt(`0x${digits}`)) as [bigint, bigint, bigint];
  const size = BigInt(segmentBytes);
  const perId = 0x1_0000_0000n / size;
  return timeline === 0n || segment >= perId ? undefined : { timeline: Number(timeline), start: (id * perId + segment) * size };
};

// File names of the segments that hold the bytes from `start` up to, and without, `end`.
export const segmentNames = (timeline: number, start: bigint, end: bigint, segmentBytes: number): string[] => {
  const names: string[] = [];
  for (let at = segmentStart(start, segmentBytes); at < end; at += BigInt(segmentBytes)) {
    names.push(segmentName(timeline, at, segmentBytes));
  }
  return names;
};
