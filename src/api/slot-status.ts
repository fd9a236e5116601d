// What a policy's status says of the replication slots that it keeps on servers. Written down before a slot is made: what is not known cannot be dropped.
import { z } from 'zod';
import { count, time } from './common.ts';
import { walGapReasons } from './wal-gap.ts';

// Why a slot goes. The first two leave no gap: another slot has taken its place.
export const dropReasons = ['SlotRenamed', 'ServerChanged', ...walGapReasons] as const;
export type DropReason = (typeof dropReasons)[number];

// What stands here came out of a spec, where it was checked.
const text = (most: number) => z.string().max(most);

const connection = z.object({
  host: text(253).describe('Host name or address.'),
  port: z.int().describe('TCP port.'),
  database: text(63).describe('The database that is logged in to.'),
  sslMode: z.enum(['disable', 'require', 'verify-ca', 'verify-full']).describe('As in spec.'),
  caSecretRef: z
    .object({ name: text(253).describe('Name of the Secret.'), key: text(253).describe('Key of the certificate.') })
    .optional()
    .describe('As in spec.'),
  credentialsSecretRef: z
    .object({
      name: text(253).describe('Name of the Secret.'),
      usernameKey: text(253).describe('Key of the role name.'),
      passwordKey: text(253).describe('Key of the password.'),
    })
    .describe('As in spec. No secret itself.'),
});

export const slotFacts = z.object({
  name: text(63).describe('Name of the replication slot.'),
  since: time().describe('Since when the server may have it.'),
  connection: connection.describe('On which server.'),
  dropping: z
    .object({
      reason: z.enum(dropReasons).describe('Why it goes.'),
      since: time().describe('When that was decided.'),
      attempt: count().describe('Number of the newest attempt.'),
      nextAttemptTime: time().optional().describe('When it is tried again.'),
      message: text(512).optional().describe('Why it could not be dropped yet.'),
    })
    .optional()
    .describe('It is being dropped.'),
});
export type SlotFacts = z.output<typeof slotFacts>;

export const droppedSlot = z.object({
  name: text(63).describe('Name of the replication slot.'),
  reason: z.enum(walGapReasons).describe('Why. Where WAL is missing since then, the gap has this reason.'),
  time: time().describe('When.'),
});
