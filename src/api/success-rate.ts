// How the slots of schedules fared. Log runs are counted apart: there are so many of them that they would hide Fulls that fail.
import { z } from 'zod';
import { count, mapList, time } from './common.ts';

const slotCounts = {
  scheduled: count().describe('Slots that came.'),
  succeeded: count().describe('Of those, runs in time that ended Complete.'),
  failed: count().describe('Of those, runs in time that ended otherwise: a part that failed is a failure.'),
  missed: count().describe('Of those, slots that got no run in time, also where a late run made up for one.'),
};

const counts = () => ({
  window: z.string().max(20).describe('How far back it counts.'),
  ...slotCounts,
  days: mapList(z.array(z.object({ date: z.string().max(10).describe('Day of the slots, in UTC.'), ...slotCounts })).max(31), ['date'])
    .optional()
    .describe('The same day by day, for those days that had slots.'),
});

export const successRateSchema = z.object(counts());

export const logSuccessRateSchema = z.object({
  ...counts(),
  countedTime: time().optional().describe('Newest slot whose run has ended and is counted.'),
});
