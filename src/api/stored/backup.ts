// component.json and manifests/<backup>.json: what a backup is made of. They hold no user data, no names of tables or files, no digest of plain text.
import { z } from 'zod';
import { backupTypes } from '../backup-type.ts';
import { categoryNames } from '../categories.ts';

// One stored object: its key, size and SHA-256, of the bytes as they are stored.
export const objectSchema = z.object({
  key: z.string().min(1),
  bytes: z.int().min(0),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});
export type StoredObject = z.output<typeof objectSchema>;

// One logical stream, cut into volumes. `state`: sealed to the state identity as well.
export const artifactSchema = z.object({
  name: z.string().min(1),
  state: z.boolean(),
  volumes: z.array(objectSchema).min(1),
});
export type ArtifactRecord = z.output<typeof artifactSchema>;

const postgresqlFacts = z.object({
  systemIdentifier: z.string(),
  timeline: z.int().optional(),
  startLsn: z.string().optional(),
  stopLsn: z.string().optional(),
  // No commit in the copy is later than this, by the clock of the server. Absent in documents of older releases, and where a standby was copied.
  commitsUntil: z.string().optional(),
  walSegmentBytes: z.int().optional(),
  dataChecksums: z.boolean().optional(),
  extensions: z.array(z.string()).optional(),
  snapshots: z.record(z.string(), z.string()).optional(),
});

const facts = z.object({
  versions: z.record(z.string(), z.string()),
  restorableTo: z.string().optional(),
  postgresql: postgresqlFacts.optional(),
});

// What a component record and the manifest both say of a component.
const componentShape = {
  name: z.string().min(1),
  engine: z.enum(['postgresql']),
  attempt: z.int().min(1),
  // The backup that this one builds on: its physical copy is an increment. null: it stands alone. Dumps are whole in either case.
  parent: z.string().nullable(),
  // Names the age identity of the attempt: keys/<keyId>/….
  keyId: z.string(),
  keys: z.array(objectSchema).min(1),
  artifacts: z.array(artifactSchema).min(1),
  facts,
  startTime: z.string(),
  endTime: z.string(),
  verification: z.object({ level: z.literal('L2'), verdict: z.literal('Passed'), time: z.string() }),
};

const documentShape = {
  minReader: z.int().min(1),
  repositoryId: z.string(),
  // The object's own key: a document found under another key is refused.
  key: z.string(),
  backupId: z.string(),
  // Epoch of the writer.
  epoch: z.int().min(1),
};

export const componentRecordSchema = z.object({
  schema: z.literal('holdfast.dev/component/v1'),
  ...documentShape,
  component: z.object(componentShape),
});
export type ComponentRecord = z.output<typeof componentRecordSchema>;
export type ComponentEntry = ComponentRecord['component'];

export const manifestSchema = z.object({
  schema: z.literal('holdfast.dev/manifest/v1'),
  ...documentShape,
  type: z.enum(backupTypes),
  slot: z.string(),
  policy: z.object({ namespace: z.string(), name: z.string() }),
  createdTime: z.string(),
  components: z.array(z.object({ ...componentShape, record: objectSchema })).min(1),
  // Components that were asked for and are not in this backup.
  failed: z.array(z.object({ name: z.string(), category: z.enum(categoryNames) })),
  // Seconds between the earliest and the latest restorableTo of the components.
  skewSeconds: z.number().min(0).optional(),
});
export type Manifest = z.output<typeof manifestSchema>;
