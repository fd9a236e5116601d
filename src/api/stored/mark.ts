// marks/<backup>/<time>-verification.json: that the stored bytes of a backup were read again on this tier, and what was found (level L1).
import { z } from 'zod';

export const verificationMarkSchema = z.object({
  schema: z.literal('holdfast.dev/verification/v1'),
  minReader: z.int().min(1),
  repositoryId: z.string(),
  key: z.string(),
  backupId: z.string(),
  level: z.literal('L1'),
  // Inconclusive: not all was read yet; the next inspection goes on.
  verdict: z.enum(['Passed', 'Failed', 'Inconclusive']),
  // When the reading of its first object began: since then all of it is known to match.
  sinceTime: z.string(),
  time: z.string(),
  // The sinceTime of the last reading that came to its end and matched.
  verifiedTime: z.string().optional(),
  manifestSha256: z.string(),
  // Of the objects of the manifest, in its order: how many there are, and how many were read and matched.
  objects: z.int().min(0),
  read: z.int().min(0),
  // The first object that did not match.
  damaged: z.object({ key: z.string(), code: z.string() }).optional(),
});
export type VerificationMark = z.output<typeof verificationMarkSchema>;
