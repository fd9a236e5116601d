// Whether an object is the one that was made of certain parts. Asked after the answer to the last request of an upload was lost.
import { createHash } from 'node:crypto';
import type { CompletedPart, HeadObjectCommandOutput } from '@aws-sdk/client-s3';

const digestOfAll = (algorithm: 'sha256' | 'md5', digests: readonly Buffer[], encoding: 'base64' | 'hex'): string =>
  createHash(algorithm).update(Buffer.concat(digests)).digest(encoding);

// Services give such an object the SHA-256 of the parts' SHA-256, with the number of parts; older ones only an ETag, the MD5 of the parts' MD5.
// Size alone proves nothing: an object of somebody else may have the same.
export const isObjectOfParts = (found: HeadObjectCommandOutput, bytes: number, parts: readonly CompletedPart[]): boolean => {
  if (found.ContentLength !== bytes) {
    return false;
  }
  if (found.ChecksumSHA256 !== undefined) {
    const digests = parts.map(({ ChecksumSHA256 }) => Buffer.from(ChecksumSHA256 ?? '', 'base64'));
    return found.ChecksumSHA256.replace(/-\d+$/, '') === digestOfAll('sha256', digests, 'base64');
  }
  const digests = parts.map(({ ETag }) => Buffer.from((ETag ?? '').replaceAll('"', ''), 'hex'));
  return found.ETag?.replaceAll('"', '') === `${digestOfAll('md5', digests, 'hex')}-${parts.length}`;
};
