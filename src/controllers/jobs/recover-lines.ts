// What agents print of a restore, as it is believed.
import * as z from 'zod/mini';
import { recoverModes } from '../../api/recover.ts';
import { amount, id, lsn, name, text, time, timeline } from './line-fields.ts';

// A status has whole seconds.
const wholeSeconds = () =>
  z.pipe(
    time(),
    z.transform((value: string) => `${new Date(value).toISOString().slice(0, 19)}Z`),
  );

const planned = z.object({
  name: name(),
  hash: z.string().check(z.regex(/^[0-9a-f]{16}$/)),
  target: text(300),
  overwrites: z.exactOptional(text(300)),
  backupId: id(),
  chain: z.exactOptional(z.array(id()).check(z.maxLength(101))),
  reachesTime: z.exactOptional(wholeSeconds()),
  reachesLsn: z.exactOptional(lsn()),
  timeline: z.exactOptional(timeline()),
  fetchBytes: amount(),
  spaceBytes: z.exactOptional(amount()),
  estimateSeconds: z.exactOptional(amount()),
  lost: text(500),
  notes: z.exactOptional(z.array(text(500)).check(z.maxLength(8))),
});

export const plannedLine = z.object({ kind: z.literal('planned'), time: z.string().check(z.maxLength(40)), planned });

export const recoverFacts = {
  verb: z.literal('recover'),
  mode: z.enum(recoverModes),
  component: name(),
  attempt: amount(),
  planned: z.exactOptional(planned),
  replaced: z.exactOptional(z.boolean()),
  kept: z.exactOptional(z.boolean()),
  copy: z.exactOptional(z.object({ tier: name(), bytes: amount() })),
  reachedLsn: z.exactOptional(lsn()),
  timeline: z.exactOptional(timeline()),
  systemId: z.exactOptional(z.string().check(z.regex(/^[0-9]{1,20}$/))),
  note: z.exactOptional(text(1024)),
};
