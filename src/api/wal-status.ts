// What a policy's status says of the WAL archive of its components.
import { z } from 'zod';
import { labelName, mapList, time } from './common.ts';
import { droppedSlot, slotFacts } from './slot-status.ts';

const lsn = (what: string) => z.string().max(17).optional().describe(what);

const follower = z.object({
  tier: labelName(20).describe('Name of the tier.'),
  storedLsn: lsn('All before it is stored there, on the same timeline.'),
  storedTime: time().optional().describe('Every commit answered before this instant is stored there.'),
  problem: z.string().max(160).optional().describe('Why it does not follow. Absent: it does.'),
});

const walArchiveFacts = z.object({
  component: labelName(20).describe('Name of the component.'),
  state: z
    .enum(['Starting', 'Archiving', 'Failing', 'Suspended'])
    .optional()
    .describe(
      'What its receiver does. Starting: it is not known yet. Suspended: it does not run as long as spec.suspend is true. Absent: it has none.',
    ),
  reason: z.string().max(64).optional().describe('Why; docs/conditions.md lists the reasons of ArchivingHealthy.'),
  message: z.string().max(400).optional().describe('What stands in its way.'),
  since: time().optional().describe('Since when it is in this state.'),
  lineageId: z.string().max(64).optional().describe('The lineage in the store that it writes: one server without a break.'),
  timeline: z.int().min(1).optional().describe('Timeline of the server.'),
  fromLsn: lsn('From here on the timeline is stored without a hole, as far as it is known.'),
  tier: labelName(20).optional().describe('The tier that is written first: the following says how far that one is.'),
  storedLsn: lsn('All before it is stored there. Written at most about once a minute.'),
  storedTime: time().optional().describe('Every commit answered before this instant, by the clock of the server, is stored there.'),
  heldSince: time().optional().describe('When this stretch without a hole was seen first.'),
  followers: mapList(z.array(follower).max(8), ['tier']).optional().describe('The other tiers.'),
  slot: slotFacts.optional().describe('The replication slot that keeps the WAL on the server until it is archived.'),
  formerSlots: z
    .array(slotFacts)
    .max(8)
    .optional()
    .describe('Slots that it had before: under another name or on another server. They are dropped.'),
  dropped: droppedSlot.optional().describe('The slot that was dropped last.'),
  full: z
    .object({
      place: z.string().max(120).describe('Where the WAL begins that no whole backup led into: lineage, timeline, LSN.'),
      backup: z.string().max(63).describe('Name of the Backup.'),
      time: time().describe('When it was asked for.'),
      because: z.string().max(512).describe('Why.'),
    })
    .optional()
    .describe('The last Full that was asked for because no whole backup led into the newest WAL. Each place is asked for once.'),
});

export const walArchiveStatus = () =>
  mapList(z.array(walArchiveFacts).max(32), ['component']).optional().describe('The WAL archive of each component that has one.');

export type WalArchiveStatus = z.output<typeof walArchiveFacts>;
export type WalFollowerStatus = z.output<typeof follower>;
