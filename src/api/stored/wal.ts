// wal/<lineage>/…: what the archive of a server's WAL consists of. All documents are signed; an object that none of them names counts for nothing.
import { z } from 'zod';
import { walGapReasons } from '../wal-gap.ts';
import { objectSchema } from './backup.ts';

const lsn = () => z.string().regex(/^[0-9A-F]{1,8}\/[0-9A-F]{1,8}$/);
const timeline = () => z.int().min(1);

const stored = <S extends string>(schema: S) => ({
  schema: z.literal(schema),
  minReader: z.int().min(1),
  repositoryId: z.string(),
  // The object's own key: a document found under another key is refused.
  key: z.string(),
  // Epoch of the writer.
  epoch: z.int().min(1),
  lineageId: z.string().min(1),
  // When it was written, by the clock of the receiver.
  createdTime: z.string(),
});

// lineage.json: one server's WAL without a break in who wrote it. Two servers with one system identifier never share a lineage.
export const lineageSchema = z.object({
  ...stored('holdfast.dev/wal-lineage/v1'),
  component: z.string().min(1),
  systemIdentifier: z.string().min(1),
  segmentBytes: z.int().min(1024 ** 2),
  // Major version of the server.
  version: z.int(),
  // Where the archive begins.
  timeline: timeline(),
  lsn: lsn(),
  // FirstArchive: nothing of this server was there. The others: the server is no continuation of the parent lineage.
  reason: z.enum(['FirstArchive', 'ServerBehindArchive', 'OtherHistory', 'OtherSegmentSize']),
  parent: z.object({ lineageId: z.string(), timeline: timeline(), lsn: lsn() }).optional(),
});
export type LineageDocument = z.output<typeof lineageSchema>;

// Some WAL of one timeline, within one segment: the bytes from `from` up to, and without, `to`. Its key follows from that (src/archive/layout.ts).
export const walObjectSchema = z.object({
  from: lsn(),
  to: lsn(),
  // Names the age identity: keys/<keyId>/….
  keyId: z.string().min(1),
  bytes: z.int().min(0),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});
export type WalObject = z.output<typeof walObjectSchema>;

// Every commit that was answered before `time`, by the server's clock, ends at or before `lsn`.
export const walMarkSchema = z.object({ time: z.string(), lsn: lsn() });
export type WalMark = z.output<typeof walMarkSchema>;

const span = {
  timeline: timeline(),
  // What the objects hold, without a hole and without an overlap.
  from: lsn(),
  to: lsn(),
  objects: z.array(walObjectSchema),
  // Sorted by time; each LSN is at or before `to`.
  marks: z.array(walMarkSchema),
  // Sidecars of the identities that the objects are sealed to.
  keys: z.array(objectSchema),
};

// index/<timeline>/<from>.json: a closed part of the archive. Together the pages of a timeline name every object but the newest.
export const walPageSchema = z.object({
  ...stored('holdfast.dev/wal-page/v1'),
  ...span,
  // The server left this timeline at `lsn` and went on with the next one. Only this proves an end. WAL behind it was never part of what came after.
  end: z.object({ lsn: lsn(), nextTimeline: timeline() }).optional(),
});
export type WalPage = z.output<typeof walPageSchema>;

// The last WAL of the archive, told by a digest that only who holds the signing key can make: a receiver asks a server for the same bytes, and learns
// whether it is still of this history. A digest that anybody can make would tell what is in the WAL.
const walCheckSchema = z.object({
  from: lsn(),
  to: lsn(),
  // Id of the signing key.
  keyId: z.string().min(1),
  hmacSha256: z.string().regex(/^[0-9a-f]{64}$/),
});
export type WalCheck = z.output<typeof walCheckSchema>;

// marks/<timeline>/<to>-<time>.json: all that no page names yet. Each replaces the ones before it. It is stored before its WAL is acknowledged to the server.
export const walTailSchema = z.object({ ...stored('holdfast.dev/wal-tail/v1'), ...span, check: walCheckSchema.optional() });
export type WalTail = z.output<typeof walTailSchema>;

// history/<timeline>.json: where a timeline comes from, oldest ancestor first, and the history file of the server beside it.
export const walHistorySchema = z.object({
  ...stored('holdfast.dev/wal-history/v1'),
  timeline: z.int().min(2),
  ancestors: z.array(z.object({ timeline: timeline(), endLsn: lsn() })).min(1),
  file: objectSchema,
});
export type WalHistory = z.output<typeof walHistorySchema>;

// gaps/<timeline>/<from>.json: from here on WAL was given up, and why. The gap ends where the next object of the timeline begins.
export const walGapSchema = z.object({
  ...stored('holdfast.dev/wal-gap/v1'),
  timeline: timeline(),
  from: lsn(),
  // Where the server was when the gap was noticed.
  serverLsn: lsn(),
  reason: z.enum(walGapReasons),
});
export type WalGap = z.output<typeof walGapSchema>;
