// Snapshots of the catalogue: written signed, and believed only after every check.
import { createHash } from 'node:crypto';
import { payloadTypes } from '../../api/stored/envelope.ts';
import { snapshotSchema } from '../../api/stored/catalogue.ts';
import type { CatalogueRecord, SnapshotHeader } from '../../api/stored/catalogue.ts';
import { ArchiveError } from '../errors.ts';
import { snapshotKey } from '../layout.ts';
import { openDocument, sealDocument } from '../signing/envelope.ts';
import type { Signer, Verifiers } from '../signing/keys.ts';
import { compressDocument, decompressDocument } from '../zstd.ts';
import type { Known, NamedObject } from './record.ts';

export type Snapshot = { key: string; time: string; records: ReadonlyMap<string, Known> };

// 10,000 backups take about 10 MiB.
const largestSnapshotBytes = 512 * 1024 ** 2;

const sha256 = (content: Buffer): string => createHash('sha256').update(content).digest('hex');

export const sealSnapshot = (
  records: readonly Known[],
  time: string,
  repositoryId: string,
  signer: Signer,
): { key: string; bytes: Buffer } => {
  const lines = [
    // A function, such as `objects`, is no part of JSON.
    ...records.map((record) => JSON.stringify(record)),
    ...records.map(({ objects }) => JSON.stringify(objects())),
  ];
  const body = Buffer.from(lines.map((line) => `${line}\n`).join(''));
  const key = snapshotKey(time);
  const header: SnapshotHeader = {
    schema: 'holdfast.dev/catalogue/v1',
    minReader: 1,
    repositoryId,
    key,
    time,
    records: records.length,
    sha256: sha256(body),
  };
  return { key, bytes: compressDocument(Buffer.concat([sealDocument(payloadTypes.catalogue, header, signer), body])) };
};

// Its first line is signed, and names the digest of all others. Lines that nobody else can have written need no schema.
export const openSnapshot = (stored: Buffer, key: string, repositoryId: string, verifiers: Verifiers): Snapshot => {
  const content = decompress(stored, key);
  const end = content.indexOf(0x0a) + 1;
  const expected = { key, payloadType: payloadTypes.catalogue, schema: snapshotSchema, repositoryId };
  const header = openDocument(content.subarray(0, end), expected, verifiers);
  const body = content.subarray(end);
  if (sha256(body) !== header.sha256) {
    throw new ArchiveError('DigestMismatch', `The lines of ${key} are not those that were signed: it was changed or cut.`);
  }
  const lines = body.toString('utf8').split('\n');
  const records = new Map<string, Known>();
  for (let index = 0; index < header.records; index += 1) {
    const record = JSON.parse(lines[index] ?? '') as CatalogueRecord;
    records.set(record.id, { ...record, objects: () => JSON.parse(lines[header.records + index] ?? '[]') as NamedObject[] });
  }
  return { key, time: header.time, records };
};

const decompress = (stored: Buffer, key: string): Buffer => {
  try {
    return decompressDocument(stored, largestSnapshotBytes);
  } catch (cause) {
    throw new ArchiveError('DocumentInvalid', `${key} cannot be decompressed: it was cut or overwritten.`, { cause });
  }
};
