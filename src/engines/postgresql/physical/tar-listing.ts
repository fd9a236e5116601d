// The listing of `tar --list --verbose`: which members an archive has, and how large they are.
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

// Size in bytes of each regular file, by its path. What is no regular file is left out.
export const readTarListing = async (listing: Readable): Promise<Map<string, number>> => {
  const files = new Map<string, number>();
  for await (const line of createInterface({ input: listing, crlfDelay: Infinity })) {
    const member = parseMember(line);
    if (member !== undefined) {
      files.set(member.path, member.bytes);
    }
  }
  return files;
};

// `-rw------- 26/26 8192 2026-11-22 02:00 base/1/1255`
const parseMember = (line: string): { path: string; bytes: number } | undefined => {
  const found = /^-\S+ \S+ +(\d+) \S+ \S+ (.+)$/.exec(line);
  return found === null ? undefined : { path: unescape((found[2] ?? '').replace(/^\.\//, '')), bytes: Number(found[1]) };
};

const letters: Record<string, string> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f', v: '\v', a: '\u0007', '\\': '\\' };

// Bytes that tar does not print as they are stand there as `\n`, `\\` or `\377`. A name that is no UTF-8 becomes one character a byte.
const unescape = (name: string): string => {
  if (!name.includes('\\')) {
    return name;
  }
  const bytes = Buffer.concat(
    [...name.matchAll(/\\([0-7]{3})|\\(.)|([^\\]+)/gs)].map(([, octal, letter, plain]) =>
      octal === undefined ? Buffer.from(plain ?? letters[letter ?? ''] ?? letter ?? '') : Buffer.from([Number.parseInt(octal, 8)]),
    ),
  );
  const text = bytes.toString('utf8');
  return text.includes('\uFFFD') ? bytes.toString('latin1') : text;
};
