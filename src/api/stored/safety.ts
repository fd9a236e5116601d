// safety/<restore uid>/<component>/<attempt>/description.json: what a data directory held before a Restore replaced it, kept in the store where the volume had
// no room for both. It is no backup: nothing that chooses one looks there.
import { z } from 'zod';
import { artifactSchema, objectSchema } from './backup.ts';

const name = () => z.string().min(1).max(253);

export const safetySchema = z.object({
  schema: z.literal('holdfast.dev/safety/v1'),
  minReader: z.int().min(1),
  repositoryId: z.string(),
  key: z.string(),
  // Of the writer of the repository.
  epoch: z.int().min(1),
  clusterId: z.string().min(1),
  policy: z.object({ namespace: name(), name: name() }),
  // The Restore that it was made for.
  restore: z.object({ name: name(), uid: z.string().min(1).max(64) }),
  component: z.string().min(1).max(20),
  attempt: z.int().min(1),
  claimName: name(),
  path: z.string().max(200),
  // When it was read back and matched what lay on the volume.
  createdTime: z.string(),
  // The age identity of the copy, encrypted for the recipients of the policy.
  keys: z.array(objectSchema).min(1),
  // One tar stream of the whole directory.
  artifact: artifactSchema,
  // The tree as it was: how many files, folders and links; the bytes of the files; and an HMAC over paths, kinds, sizes and times, keyed with the identity of the copy.
  tree: z.object({ entries: z.int().min(1), bytes: z.int().min(0), mac: z.string().regex(/^[0-9a-f]{64}$/) }),
});
export type SafetyDocument = z.output<typeof safetySchema>;
