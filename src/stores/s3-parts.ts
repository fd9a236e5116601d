// Whether an object is the one that was made of certain parts. Asked after the answer to the last request of an upload was lost.
import { createHash } from 'node:crypto';
import type { CompletedPart, HeadObjectCommandOutput } from '@aws-sdk/client-s3';
import { partChecksumOf } from './s3-checksums.ts';

// Services give such an object the CRC32 of the parts' CRC32, with the number of parts; older ones only an ETag, the MD5 of the parts' MD5.
// Size alone proves nothing: an object of somebody else may have the same.
export const isObjectOfParts = (found: HeadObjectCommandOutput, bytes: number, parts: readonly CompletedPart[]): boolean => {
  if (found.ContentLength !== bytes) {
    return false;
  }
  const checksum = /^(.+)-\d+$/.exec(found.ChecksumCRC32 ?? '')?.[1];
  return checksum === undefined ? hasETag(found, parts) : checksum === checksumOfSums(parts);
};

const checksumOfSums = (parts: readonly CompletedPart[]): string =>
  partChecksumOf(Buffer.concat(parts.map(({ ChecksumCRC32 }) => Buffer.from(ChecksumCRC32 ?? '', 'base64'))));

const hasETag = (found: HeadObjectCommandOutput, parts: readonly CompletedPart[]): boolean => {
  const digests = parts.map(({ ETag }) => Buffer.from((ETag ?? '').replaceAll('"', ''), 'hex'));
  const md5 = createHash('md5').update(Buffer.concat(digests)).digest('hex');
  return found.ETag?.replaceAll('"', '') === `${md5}-${parts.length}`;
};
