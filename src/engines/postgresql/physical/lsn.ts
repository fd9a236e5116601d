// Places in the WAL, as PostgreSQL writes them (`0/3000028`), and the names of the segment files that hold them.

// Bytes from the beginning of the WAL. Throws RangeError for what is no LSN.
export const lsnBytes = (lsn: string): bigint => {
  const found = /^([0-9A-Fa-f]{1,8})\/([0-9A-Fa-f]{1,8})$/.exec(lsn);
  if (found === null) {
    throw new RangeError(`"${lsn}" is no LSN`);
  }
  return (BigInt(`0x${found[1]}`) << 32n) | BigInt(`0x${found[2]}`);
};

const hex8 = (value: bigint): string => value.toString(16).toUpperCase().padStart(8, '0');

// File names of the segments that hold the bytes from `start` up to, and without, `end`.
export const segmentNames = (timeline: number, start: bigint, end: bigint, segmentBytes: number): string[] => {
  const size = BigInt(segmentBytes);
  const perId = 0x1_0000_0000n / size;
  const names: string[] = [];
  for (let segment = start / size; segment * size < end; segment += 1n) {
    names.push(`${hex8(BigInt(timeline))}${hex8(segment / perId)}${hex8(segment % perId)}`);
  }
  return names;
};
