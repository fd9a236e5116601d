// What a reader needs to know of a manifest that was verified: enough to list the backup and to look for its objects.
import { z } from 'zod';

export const catalogueRecordSchema = z.object({
  id: z.string().min(1),
  // Of the manifest, as it is stored.
  bytes: z.int().min(0),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  type: z.enum(['Full']),
  slot: z.string(),
  seconds: z.number().min(0),
  epoch: z.int().min(1),
  createdTime: z.string(),
  policy: z.object({ namespace: z.string(), name: z.string() }),
  components: z.array(z.object({ name: z.string(), bytes: z.int().min(0), restorableTo: z.string().optional() })),
  failed: z.array(z.string()),
  // When the dump had read it all back; the oldest of its components.
  readBackTime: z.string(),
  // Key and size of every object that it names.
  objects: z.array(z.tuple([z.string(), z.int().min(0)])),
});
export type CatalogueRecord = z.output<typeof catalogueRecordSchema>;
