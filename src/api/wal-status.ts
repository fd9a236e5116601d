// What a policy's status says of the WAL archive of its components.
import { z } from 'zod';
import { labelName, mapList } from './common.ts';

const walArchiveFacts = z.object({
  component: labelName(20).describe('Name of the component.'),
});

export const walArchiveStatus = () =>
  mapList(z.array(walArchiveFacts).max(32), ['component']).optional().describe('The WAL archive of each component that has one.');

export type WalArchiveStatus = z.output<typeof walArchiveFacts>;
