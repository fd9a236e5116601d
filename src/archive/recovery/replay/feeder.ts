// Fills the spool of a recovering server: what it asks for at once, and the next segments before it asks.
import { access, chown, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Spool } from '../../../engines/postgresql/recovery/restore-command.ts';
import type { Owner } from '../request.ts';
import type { Supply } from './supply.ts';

// Segments ahead of the one that was asked for last, and how many are read at once: memory stays bounded.
const ahead = 8;
const atOnce = 4;
const lookMilliseconds = 20;

export type Feeder = {
  // Rejects with what went wrong; the server is told then, and stops.
  readonly ended: Promise<void>;
  stop(): Promise<void>;
};

type Options = { spool: Spool; supply: Supply; owner: Owner | undefined; signal: AbortSignal; onFile?: (name: string) => void };

export const startFeeder = (options: Options): Feeder => {
  const stopped = new AbortController();
  const signal = AbortSignal.any([options.signal, stopped.signal]);
  const ended = feed(options, signal).catch(async (error: unknown) => {
    if (!stopped.signal.aborted) {
      await writeFile(options.spool.failed, '').catch(() => undefined);
      throw error;
    }
  });
  ended.catch(() => undefined);
  return {
    ended,
    async stop() {
      stopped.abort();
      await ended.catch(() => undefined);
    },
  };
};

const feed = async ({ spool, supply, owner, onFile }: Options, signal: AbortSignal): Promise<void> => {
  const { order } = supply;
  const going = new Map<string, Promise<void>>();
  const given = new Set<string>();
  let failure: { error: unknown } | undefined;
  let next = 0;

  const start = (name: string): void => {
    const give = async (): Promise<void> => {
      await provide(spool, supply, name, owner, signal);
      given.add(name);
      onFile?.(name);
    };
    const work = give()
      .catch((error: unknown) => {
        failure ??= { error };
      })
      .finally(() => going.delete(name));
    going.set(name, work);
  };

  while (!signal.aborted) {
    if (failure !== undefined) {
      throw failure.error;
    }
    for (const name of await unanswered(spool, going)) {
      start(name);
      const at = order.indexOf(name);
      next = at < 0 ? next : at + 1;
    }
    const ready = new Set(await readdir(spool.ready));
    // What was there and is not any more was taken: nobody needs it again.
    for (const name of [...given].filter((one) => !ready.has(one))) {
      given.delete(name);
      next = Math.max(next, order.indexOf(name) + 1);
    }
    const upcoming = order.slice(next, next + ahead).filter((name) => !ready.has(name) && !going.has(name));
    upcoming.slice(0, Math.max(0, atOnce - going.size)).forEach(start);
    await pause(lookMilliseconds, undefined, { signal }).catch(() => undefined);
  }
  await Promise.allSettled(going.values());
};

// What was asked for and is neither there nor on its way.
const unanswered = async (spool: Spool, going: ReadonlyMap<string, unknown>): Promise<string[]> => {
  const names = (await readdir(spool.wanted)).filter((name) => !going.has(name));
  const open: string[] = [];
  for (const name of names) {
    if (!(await isThere(join(spool.ready, name))) && !(await isThere(join(spool.absent, name)))) {
      open.push(name);
    }
  }
  return open;
};

// A file gets its name when all of it is there.
const provide = async (spool: Spool, supply: Supply, name: string, owner: Owner | undefined, signal: AbortSignal): Promise<void> => {
  const part = join(spool.directory, `${name}.part`);
  const exists = await supply.write(name, part, signal);
  if (!exists) {
    await writeFile(part, '');
  }
  if (owner !== undefined) {
    await chown(part, owner.uid, owner.gid);
  }
  await rename(part, join(exists ? spool.ready : spool.absent, name));
};

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
