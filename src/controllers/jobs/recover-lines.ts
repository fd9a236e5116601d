// What agents print of a restore, as it is believed.
import * as z from 'zod/mini';
import { recoverModes } from '../../api/recover.ts';

const text = (most: number) =>
  z.pipe(
    z.string(),
    z.transform((value: string) => value.slice(0, most)),
  );
const name = () => z.string().check(z.minLength(1), z.maxLength(63));
const id = () => z.string().check(z.minLength(1), z.maxLength(64));
const amount = () => z.int().check(z.minimum(0));
// A status has whole seconds.
const time = () =>
  z.pipe(
    z.iso.datetime({ offset: true }).check(z.maxLength(40)),
    z.transform((value: string) => `${new Date(value).toISOString().slice(0, 19)}Z`),
  );
const lsn = () => z.string().check(z.maxLength(17), z.regex(/^[0-9A-F]{1,8}\/[0-9A-F]{1,8}$/));
const timeline = () => z.int().check(z.minimum(1), z.maximum(0xffff_ffff));

const planned = z.object({
  name: name(),
  hash: z.string().check(z.regex(/^[0-9a-f]{16}$/)),
  target: text(300),
  overwrites: z.exactOptional(text(300)),
  backupId: id(),
  chain: z.exactOptional(z.array(id()).check(z.maxLength(101))),
  reachesTime: z.exactOptional(time()),
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
  reachedLsn: z.exactOptional(lsn()),
  timeline: z.exactOptional(timeline()),
  systemId: z.exactOptional(z.string().check(z.regex(/^[0-9]{1,20}$/))),
  note: z.exactOptional(text(1024)),
};
