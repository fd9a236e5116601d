// The record of a Restore in the bucket, as whoever audits it reads it: its signature is checked.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AuditDocument } from '../../../src/api/stored/audit.ts';
import { readAudit } from '../../../src/archive/audit.ts';
import { readVerifiers } from '../../../src/archive/signing/keys.ts';
import { bucketDirectory, demoVerificationKey } from './demo.ts';

export const storedRecord = (prefix: string, key: string): AuditDocument => {
  const read = (name: string): Buffer => readFileSync(join(bucketDirectory, prefix, name));
  const { repositoryId } = JSON.parse(read('holdfast.json').toString()) as { repositoryId: string };
  return readAudit(read(key), key, repositoryId, readVerifiers([demoVerificationKey()]));
};
