// Reads a tar as pg_basebackup writes it (ustar), member by member, while it streams: nothing is held but one header.
import { EngineError } from '../../engine.ts';

// `path` has one character a byte (names.ts).
export type TarMember = { path: string; kind: 'file' | 'directory' | 'link'; bytes: number; mode: number };

// Takes the bytes of one member, as they come. `end` is called after the last one; `close` always, also where the archive breaks off.
export type MemberSink = { write(part: Buffer): void; end(): void; close(): void };

const recordBytes = 512;

const damaged = (why: string): EngineError => new EngineError('VerificationFailed', `The archive of an increment ${why}. It is damaged.`);

// Reads to the end. An archive that breaks off, even between two members, is an error.
export const readTar = async (stream: AsyncIterable<Buffer>, open: (member: TarMember) => MemberSink): Promise<void> => {
  const header = Buffer.alloc(recordBytes);
  let headerFilled = 0;
  let sink: MemberSink | undefined;
  let bodyLeft = 0;
  let paddingLeft = 0;
  let emptyRecords = 0;

  const takeHeader = (): void => {
    headerFilled = 0;
    if (header.every((byte) => byte === 0)) {
      emptyRecords += 1;
      return;
    }
    if (emptyRecords > 0) {
      throw damaged('goes on after its end');
    }
    const member = readHeader(header);
    sink = open(member);
    bodyLeft = member.bytes;
    paddingLeft = (recordBytes - (member.bytes % recordBytes)) % recordBytes;
    endBody();
  };

  const endBody = (): void => {
    if (bodyLeft === 0) {
      sink?.end();
      sink?.close();
      sink = undefined;
    }
  };

  // Takes one piece from the front of what is left of a chunk, and says how long it was.
  const take = (chunk: Buffer, at: number): number => {
    const left = chunk.length - at;
    if (bodyLeft > 0) {
      const length = Math.min(bodyLeft, left);
      sink?.write(chunk.subarray(at, at + length));
      bodyLeft -= length;
      endBody();
      return length;
    }
    if (paddingLeft > 0) {
      const length = Math.min(paddingLeft, left);
      paddingLeft -= length;
      return length;
    }
    const length = Math.min(recordBytes - headerFilled, left);
    chunk.copy(header, headerFilled, at, at + length);
    headerFilled += length;
    if (headerFilled === recordBytes) {
      takeHeader();
    }
    return length;
  };

  try {
    for await (const chunk of stream) {
      for (let at = 0; at < chunk.length;) {
        at += take(chunk, at);
      }
    }
  } finally {
    sink?.close();
  }
  if (bodyLeft > 0 || headerFilled > 0 || emptyRecords < 2) {
    throw damaged('breaks off');
  }
};

const text = (header: Buffer, from: number, length: number): string => {
  const field = header.subarray(from, from + length);
  const end = field.indexOf(0);
  return (end < 0 ? field : field.subarray(0, end)).toString('latin1');
};

const octal = (header: Buffer, from: number, length: number): number => Number.parseInt(text(header, from, length).trim() || '0', 8);

// Sizes of 8 GiB and more stand there in base 256.
const sizeOf = (header: Buffer): number =>
  ((header[124] ?? 0) & 0x80) === 0 ? octal(header, 124, 12) : Number(header.readBigUInt64BE(128));

const kinds: Record<string, TarMember['kind']> = { '0': 'file', '\0': 'file', '5': 'directory', '2': 'link' };

const readHeader = (header: Buffer): TarMember => {
  const sum = header.reduce((total, byte, index) => total + (index >= 148 && index < 156 ? 32 : byte), 0);
  const kind = kinds[String.fromCodePoint(header[156] ?? 0)];
  const prefix = text(header, 345, 155);
  const name = text(header, 0, 100);
  const path = `${prefix === '' ? '' : `${prefix}/`}${name}`.replace(/^\.\//, '').replace(/\/+$/, '');
  const bytes = sizeOf(header);
  if (sum !== octal(header, 148, 8) || kind === undefined || !Number.isSafeInteger(bytes)) {
    throw damaged('has a member that cannot be read');
  }
  // Directories and links have no body, whatever their header says.
  return { path: path === '.' ? '' : path, kind, bytes: kind === 'file' ? bytes : 0, mode: octal(header, 100, 8) & 0o777 };
};
