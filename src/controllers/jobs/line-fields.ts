// Fields that lines of agents have in common: nothing longer than its limit gets into a status.
// The small zod: the operator loads it at start, and the whole one takes 13 MiB.
import * as z from 'zod/mini';

export const text = (most: number) =>
  z.pipe(
    z.string(),
    z.transform((value: string) => value.slice(0, most)),
  );
export const id = () => z.string().check(z.minLength(1), z.maxLength(64));
export const name = () => z.string().check(z.minLength(1), z.maxLength(63));
export const amount = () => z.int().check(z.minimum(0));
export const time = () => z.iso.datetime({ offset: true }).check(z.maxLength(40));

// Timelines and places of a server's WAL.
export const lsn = () => z.string().check(z.maxLength(17), z.regex(/^[0-9A-F]{1,8}\/[0-9A-F]{1,8}$/));
export const timeline = () => z.int().check(z.minimum(1), z.maximum(0xffff_ffff));
