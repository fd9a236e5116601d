// catalog/<time>.jsonl.zst: what the manifests of a tier said when they were read and all their objects were there. It saves readers a request for each of them.
import { z } from 'zod';
import { backupTypes } from '../backup-type.ts';

// Where a physical copy of a PostgreSQL server ends: WAL goes on from there. null: there is none. Absent: the record is of an older release.
const baseSchema = z.object({
  systemIdentifier: z.string(),
  timeline: z.int().min(1),
  stopLsn: z.string(),
  commitsUntil: z.string().optional(),
  endTime: z.string(),
});
export type BaseRecord = z.output<typeof baseSchema>;

// Enough of a verified manifest to list the backup. A record speaks of a manifest only as long as the store lists it with this very size and tag.
export const catalogueRecordSchema = z.object({
  id: z.string().min(1),
  // Of the manifest, as it is stored; `tag` is what the store's list said of its version.
  bytes: z.int().min(0),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  tag: z.string().optional(),
  type: z.enum(backupTypes),
  slot: z.string(),
  seconds: z.number().min(0),
  epoch: z.int().min(1),
  createdTime: z.string(),
  policy: z.object({ namespace: z.string(), name: z.string() }),
  components: z.array(
    z.object({
      name: z.string(),
      bytes: z.int().min(0),
      restorableTo: z.string().optional(),
      parent: z.string().optional(),
      base: baseSchema.nullable().optional(),
    }),
  ),
  failed: z.array(z.string()),
  // When the dump had read it all back; the oldest of its components.
  readBackTime: z.string(),
  // Bytes of all objects that it names.
  objectBytes: z.int().min(0),
  // The newest verification mark, as the store listed it, and what it says.
  mark: z.object({ key: z.string(), bytes: z.int().min(0), tag: z.string(), content: z.unknown() }).optional(),
});
export type CatalogueRecord = z.output<typeof catalogueRecordSchema>;

// The first line, signed. It is followed by one line for each record, and then by one for the objects of each, in the same order: [[key, bytes], …].
export const snapshotSchema = z.object({
  schema: z.literal('holdfast.dev/catalogue/v1'),
  minReader: z.int().min(1),
  repositoryId: z.string(),
  key: z.string(),
  // When the list of all objects began that the records were compared with.
  time: z.string(),
  records: z.int().min(0),
  // Of all that follows the first line.
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});
export type SnapshotHeader = z.output<typeof snapshotSchema>;
