// The backup_manifest of a directory in which a chain was joined: pg_verifybackup reads it. Pure.
import { createHash } from 'node:crypto';
import { asStandingAlone } from './backup-label.ts';
import { isIncrement, targetOf } from './increment-header.ts';

type Entry = {
  Path?: string;
  'Encoded-Path'?: string;
  Size: number;
  'Last-Modified'?: string;
  'Checksum-Algorithm'?: string;
  Checksum?: string;
};

// `content` and `label` are those of the newest increment, which were read and believed; `sizes` says how long each file is now.
// Files that were put together have no digest there: nobody has computed one.
export const joinedManifest = (content: Buffer, label: Buffer, sizes: ReadonlyMap<string, number>): Buffer => {
  const sizeOf = (path: string): number => (path === 'backup_label' ? asStandingAlone(label).length : (sizes.get(path) ?? 0));
  const text = content.toString('utf8');
  const parsed = JSON.parse(text) as { Files: Entry[]; 'WAL-Ranges': unknown[]; 'PostgreSQL-Backup-Manifest-Version': number };
  // A number too large for JSON.parse.
  const identifier = /"System-Identifier": (\d+)/.exec(text)?.[1];
  const body = [
    `{ "PostgreSQL-Backup-Manifest-Version": ${parsed['PostgreSQL-Backup-Manifest-Version']},`,
    ...(identifier === undefined ? [] : [`"System-Identifier": ${identifier},`]),
    '"Files": [',
    parsed.Files.map((entry) => JSON.stringify(joinedEntry(entry, sizeOf))).join(',\n'),
    '],',
    `"WAL-Ranges": ${JSON.stringify(parsed['WAL-Ranges'])},`,
    '',
  ].join('\n');
  const digest = createHash('sha256').update(body).digest('hex');
  return Buffer.from(`${body}"Manifest-Checksum": "${digest}"}\n`);
};

const joinedEntry = (entry: Entry, sizeOf: (path: string) => number): Entry => {
  const path = entry.Path ?? '';
  if (!isIncrement(path) && path !== 'backup_label') {
    return entry;
  }
  const joined = isIncrement(path) ? targetOf(path) : path;
  return {
    Path: joined,
    Size: sizeOf(joined),
    ...(entry['Last-Modified'] === undefined ? {} : { 'Last-Modified': entry['Last-Modified'] }),
  };
};
