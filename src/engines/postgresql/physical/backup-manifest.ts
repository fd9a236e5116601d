// backup_manifest: what pg_basebackup says it has copied. Its own checksum is checked before anything in it is believed.
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { EngineError } from '../../engine.ts';

export type BackupManifest = {
  // Bytes of each file, by its path below the data directory.
  files: Map<string, number>;
  // WAL that the copy needs. Several ranges: the timeline changed meanwhile.
  walRanges: { timeline: number; startLsn: string; endLsn: string }[];
};

const schema = z.object({
  Files: z.array(z.object({ Path: z.string().optional(), 'Encoded-Path': z.string().optional(), Size: z.int().min(0) })),
  'WAL-Ranges': z.array(z.object({ Timeline: z.int().min(1), 'Start-LSN': z.string(), 'End-LSN': z.string() })).min(1),
  'Manifest-Checksum': z.string(),
});

const broken = (why: string): EngineError =>
  new EngineError('VerificationFailed', `The backup_manifest inside the stored copy ${why}. The copy is not whole.`, { retryable: true });

// Throws VerificationFailed where the document was cut or changed.
export const readBackupManifest = (content: Buffer): BackupManifest => {
  checkOwnChecksum(content);
  const parsed = schema.safeParse(parseJson(content));
  if (!parsed.success) {
    throw broken('has another form than was expected');
  }
  const files = new Map(parsed.data.Files.map((file): [string, number] => [pathOf(file), file.Size]));
  const walRanges = parsed.data['WAL-Ranges'].map((range) => ({
    timeline: range.Timeline,
    startLsn: range['Start-LSN'],
    endLsn: range['End-LSN'],
  }));
  return { files, walRanges };
};

// The last line holds the SHA-256 of everything before it.
const checkOwnChecksum = (content: Buffer): void => {
  const at = content.lastIndexOf('"Manifest-Checksum"');
  const lineStart = at < 0 ? -1 : content.lastIndexOf('\n', at) + 1;
  const stated = at < 0 ? undefined : /"Manifest-Checksum": "([0-9a-f]{64})"/.exec(content.subarray(at).toString('latin1'))?.[1];
  if (stated === undefined) {
    throw broken('does not end with its checksum');
  }
  if (createHash('sha256').update(content.subarray(0, lineStart)).digest('hex') !== stated) {
    throw broken('does not fit its own checksum');
  }
};

const parseJson = (content: Buffer): unknown => {
  try {
    return JSON.parse(content.toString('utf8'));
  } catch {
    return undefined;
  }
};

// A name that is no UTF-8 stands there in hexadecimal.
const pathOf = ({ Path, 'Encoded-Path': encoded }: { Path?: string | undefined; 'Encoded-Path'?: string | undefined }): string =>
  Path ?? Buffer.from(encoded ?? '', 'hex').toString('latin1');
