// When a run starts by itself. Each field of the cron expression has a rule of its own, so that the API server names the one that is wrong.
import { z } from 'zod';
import { type CelRule, duration, formatted, withRules } from './common.ts';

// One field: a list of `*`, a number or a range, each with an optional step.
const field = (value: string): string => {
  const item = `(\\*|(${value})(-(${value}))?)(/[0-9]{1,2})?`;
  return `${item}(,${item})*`;
};

const months = 'JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC';
const days = 'SUN|MON|TUE|WED|THU|FRI|SAT';

const fields = [
  { name: 'first field of cron is the minute', form: field('[0-5]?[0-9]'), allowed: '0-59' },
  { name: 'second field of cron is the hour', form: field('[01]?[0-9]|2[0-3]'), allowed: '0-23' },
  {
    name: 'third field of cron is the day of the month',
    form: `${field('0?[1-9]|[12][0-9]|3[01]')}|L`,
    allowed: '1-31, or L for the last day',
  },
  { name: 'fourth field of cron is the month', form: field(`0?[1-9]|1[0-2]|${months}`), allowed: '1-12 or JAN-DEC' },
  {
    name: 'fifth field of cron is the day of the week',
    form: field(`[0-7]|${days}`),
    allowed: '0-7 (0 and 7 are Sunday) or SUN-SAT',
  },
] as const;

// Rules that speak only when there are five fields.
const fieldRule = (index: number): CelRule => {
  const { name, form, allowed } = fields[index] as (typeof fields)[number];
  const pattern = `^${'[^ ]+ '.repeat(index)}(${form})${' [^ ]+'.repeat(fields.length - 1 - index)}$`;
  return {
    rule: `!self.matches('^[^ ]+( [^ ]+){4}$') || self.matches(${JSON.stringify(pattern)})`,
    message: `the ${name}: ${allowed}, or *, lists such as 1,15, ranges and steps such as */6`,
  };
};

const cron = () =>
  withRules(
    formatted(
      100,
      /^\S+( \S+){4}$/,
      'cron has five fields with one space between them: minute, hour, day of the month, month, day of the week, such as "0 2 * * *" for 02:00 each day',
    ),
    fields.map((_, index) => fieldRule(index)),
  );

const timeZoneMessage = 'write the IANA name of a time zone, such as Europe/Berlin, or Etc/UTC; no offset';

const timeZone = () =>
  withRules(formatted(64, /^[A-Z][A-Za-z0-9_+/-]*$/, timeZoneMessage), [
    // The API server asks its own list of time zones; a name that is not in it is an error of the rule, shown with this message.
    { rule: "self != 'Local' && timestamp('2000-01-01T00:00:00Z').getFullYear(self) > 0", message: timeZoneMessage },
  ]);

const cronFields = {
  cron: cron().describe('Five fields: minute, hour, day of the month, month, day of the week.'),
  timeZone: timeZone().default('Etc/UTC').describe('IANA name of the time zone.'),
};

const jitterText =
  'The run starts up to so much later than its slot: by an offset that is always the same for this policy, so that many policies do not start at once.';

const scheduleSchema = z.object({
  ...cronFields,
  startingDeadline: duration()
    .optional()
    .describe(
      'A slot that could not start within this time is not caught up; the next one runs. Default: however late, the newest missed slot is caught up once.',
    ),
  jitter: duration().optional().describe(`${jitterText} Default: none.`),
});

// Reading the store has nothing to catch up: it is read at the next slot.
const readingScheduleSchema = z.object({
  ...cronFields,
  jitter: duration().default('59m').describe(jitterText),
});

// One for each kind of run.
export const schedulesSchema = z.object({
  full: scheduleSchema.optional().describe('Full backups.'),
  differential: scheduleSchema.optional().describe('What changed since the last Full.'),
  incremental: scheduleSchema
    .optional()
    .describe(
      'What changed since the last backup. Where a Full or Differential is due, waits or runs at that time, it stands for this one, too.',
    ),
  log: scheduleSchema
    .optional()
    .describe(
      'Log backups: proof that the archive holds all WAL up to now. Where walArchive.mode is Scheduled, its WAL is fetched then. They wait for no other run.',
    ),
  health: readingScheduleSchema
    .prefault({ cron: '0 * * * *' })
    .describe(
      'Reading every tier, besides the reading after each run. What was read is believed for two of its intervals. `suspend` does not stop it.',
    ),
});
