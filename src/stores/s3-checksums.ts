// The checksum that every upload carries: without one some servers keep a body that was cut.
//
// A small object has its SHA-256. A part has a CRC32, which costs both sides a fifth: what the bytes must be is in our own signed documents, and
// nobody changes them inside TLS. The SDK would hash each body once more for its signature.
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { S3Client } from '@aws-sdk/client-s3';

export const checksumOf = (body: Uint8Array): string => createHash('sha256').update(body).digest('base64');

export const partChecksumOf = (body: Uint8Array): string => {
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(body));
  return sum.toString('base64');
};

type Request = { protocol?: string; headers?: Record<string, string> };

// What the signature says of the body: the SHA-256 that is there already, or nothing where TLS carries a part. Without TLS the SDK hashes it.
const signedHash = ({ protocol, headers = {} }: Request): string | undefined => {
  const sha256 = headers['x-amz-checksum-sha256'];
  if (sha256 !== undefined) {
    return Buffer.from(sha256, 'base64').toString('hex');
  }
  return headers['x-amz-checksum-crc32'] !== undefined && protocol === 'https:' ? 'UNSIGNED-PAYLOAD' : undefined;
};

export const signByChecksum = (client: S3Client): void => {
  client.middlewareStack.add(
    (next) => (call) => {
      const request = call.request as Request;
      const hash = signedHash(request);
      if (request.headers !== undefined && hash !== undefined) {
        request.headers['x-amz-content-sha256'] = hash;
      }
      return next(call);
    },
    { step: 'build', name: 'holdfastSignByChecksum', priority: 'low' },
  );
};
