// The DSSE envelope around every signed document.
import { z } from 'zod';

export const envelopeSchema = z.object({
  payloadType: z.string().min(1),
  // Base64 of the JSON document.
  payload: z.string(),
  signatures: z.array(z.object({ keyid: z.string(), sig: z.string() })).min(1),
});
export type Envelope = z.output<typeof envelopeSchema>;

export const payloadTypes = {
  writer: 'application/vnd.holdfast.writer+json',
  component: 'application/vnd.holdfast.component+json',
  manifest: 'application/vnd.holdfast.manifest+json',
  catalogue: 'application/vnd.holdfast.catalogue+json',
  audit: 'application/vnd.holdfast.audit+json',
  safety: 'application/vnd.holdfast.safety+json',
  mark: 'application/vnd.holdfast.mark+json',
  walLineage: 'application/vnd.holdfast.wal-lineage+json',
  walPage: 'application/vnd.holdfast.wal-page+json',
  walTail: 'application/vnd.holdfast.wal-tail+json',
  walHistory: 'application/vnd.holdfast.wal-history+json',
  walGap: 'application/vnd.holdfast.wal-gap+json',
} as const;
export type PayloadType = (typeof payloadTypes)[keyof typeof payloadTypes];
