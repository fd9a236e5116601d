// Signed documents as they are stored. Their signatures are checked elsewhere; here only what they say is read.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Manifest } from '../../../src/api/stored/backup.ts';
import type { Envelope } from '../../../src/api/stored/envelope.ts';

export const payloadOf = (bytes: Buffer): unknown =>
  JSON.parse(Buffer.from((JSON.parse(bytes.toString('utf8')) as Envelope).payload, 'base64').toString('utf8'));

export const readManifestFile = (repository: string, backupId: string): Manifest =>
  payloadOf(readFileSync(join(repository, `manifests/${backupId}.json`))) as Manifest;
