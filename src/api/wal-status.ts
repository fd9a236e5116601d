// What a policy's status says of the WAL archive of its components.
import { z } from 'zod';
import { labelName, mapList, time } from './common.ts';
import { droppedSlot, slotFacts } from './slot-status.ts';

const walArchiveFacts = z.object({
  component: labelName(20).describe('Name of the component.'),
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
