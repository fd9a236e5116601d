// What is remembered of a policy, for the night on which the API server does not answer: its spec, whom to tell, and which claim holds its data.
// Nothing of it is secret: credentials and identities are names of Secrets there.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { policySpecSchema } from '../../api/policy.ts';

const schema = z.object({
  format: z.literal(1),
  // When the cluster was asked.
  savedTime: z.iso.datetime(),
  metadata: z.object({ namespace: z.string(), name: z.string() }),
  spec: policySpecSchema,
  // Absent: they could not be read.
  contacts: z.array(z.string()).optional(),
  claim: z.string().optional(),
});

export type Remembered = z.output<typeof schema>;

// What an older or newer program wrote, or somebody else, is as good as nothing.
export const readRemembered = (text: string): Remembered | undefined => {
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
};

// Another cluster has policies of the same name.
export const namespaceFolder = (cache: string, server: string, namespace: string): string =>
  join(cache, 'policies', createHash('sha256').update(server).digest('hex').slice(0, 16), namespace);

export const fileName = (policy: string): string => `${policy}.json`;
