// Databases that a restore makes. They are built under names that nobody knows, and get their own in the end, all at once. A killed attempt leaves what the next one drops.
import type { DumpStep } from '../../../core/recovery/dumps.ts';
import { refusal } from '../../../core/recovery/refusal.ts';
import { clientsOf } from '../../../engines/postgresql/recovery/clients-of.ts';
import { lookAtServer } from '../../../engines/postgresql/recovery/connection.ts';
import { createDatabase, dropDatabase, giveRights, renameDatabases, takeMarks } from '../../../engines/postgresql/recovery/new-database.ts';
import { RecoveryRefused } from '../refused.ts';
import type { Part } from './choose-parts.ts';
import { buildName, isLeftover, markOf } from './own-names.ts';
import { readDatabase, restorePart } from './read-dump.ts';
import type { Describe } from './read-dump.ts';
import type { Run } from './run.ts';

// `name`: what it is called now. `describe`: what the dump says of it.
export type Built = { name: string; into: string; describe: Describe };

// What earlier attempts have left. Throws ConnectionsActive where somebody is in it: that attempt may still be at work.
export const dropLeftovers = async ({ target, link, context: { signal } }: Run, dumps: readonly DumpStep[]): Promise<void> => {
  const { databases } = await lookAtServer(target.connection, signal);
  for (const name of databases.filter((each) => dumps.some(({ into }) => isLeftover(each, target, link, into)))) {
    const clients = await dropDatabase(target.connection, name, signal);
    if (clients.length > 0) {
      throw inUse(name, 'an earlier attempt has left', clients);
    }
  }
};

export const chooseName = ({ target, link }: Run, { into }: DumpStep): string => buildName(target, link, into);

// Full, under the name that is not its own. It stands in `built` before it is there.
export const build = async (run: Run, part: Part, name: string, built: Built[]): Promise<void> => {
  const { target, link, context } = run;
  const describe = await readDatabase(run, part);
  const script = describe(name);
  built.push({ name, into: part.dump.into, describe });
  await createDatabase(target.connection, { name, mark: markOf(target, link, part.dump) }, script, context.signal);
  await restorePart(run, part, name);
  await giveRights(target.connection, script, context.signal);
};

// An earlier attempt has built it, and given it its name.
export const findReady = async (run: Run, part: Part): Promise<Built> => {
  const { into } = part.dump;
  return { name: into, into, describe: await readDatabase(run, part) };
};

// Throws where somebody is in one of them, or has made one of that name: then none has changed its name.
export const putInPlace = async ({ target: { connection }, context: { signal } }: Run, all: readonly Built[]): Promise<void> => {
  const built = all.filter(isUnderOtherName);
  if (built.length === 0) {
    return;
  }
  try {
    await renameDatabases(connection, built, signal);
  } catch (error) {
    throw (await whyNot(connection, built, signal).catch(() => undefined)) ?? error;
  }
};

const isUnderOtherName = ({ name, into }: Built): boolean => name !== into;

const whyNot = async (
  connection: Run['target']['connection'],
  built: readonly Built[],
  signal: AbortSignal,
): Promise<RecoveryRefused | undefined> => {
  const { databases } = await lookAtServer(connection, signal);
  const taken = built.find(({ name, into }) => databases.includes(into) && databases.includes(name));
  if (taken !== undefined) {
    return new RecoveryRefused(
      refusal('TargetNotEmpty', `A database "${taken.into}" was made by somebody else meanwhile.`, {
        act: 'Drop or rename it, and try again.',
      }),
    );
  }
  for (const { name } of built) {
    const clients = await clientsOf(connection, name, signal);
    if (clients.length > 0) {
      return inUse(name, 'is being built', clients);
    }
  }
  return undefined;
};

const inUse = (name: string, what: string, clients: readonly string[]): RecoveryRefused =>
  new RecoveryRefused(
    refusal('ConnectionsActive', `The database "${name}", which ${what}, has connections: ${clients.slice(0, 5).join(', ')}.`, {
      act: 'Where that is another restore, wait for its end; else end them (pg_terminate_backend), and try again.',
    }),
  );

// The restore has ended well: they are databases like any other. That a comment could not be written changes nothing of it.
export const giveUpMarks = async ({ target, context }: Run, built: readonly Built[]): Promise<void> => {
  const databases = built.map(({ into, describe }) => ({ database: into, script: describe(into) }));
  await takeMarks(target.connection, databases, context.signal).catch((error: unknown) =>
    context.log.warn('Could not write the comments of the restored databases', { error }),
  );
};

const cleanUpMilliseconds = 30_000;
const patienceMilliseconds = 10_000;

// After a failure. What cannot be dropped now is dropped by the next attempt.
export const dropBuilt = async ({ target, context: { log } }: Run, built: readonly Built[]): Promise<void> => {
  const signal = AbortSignal.timeout(cleanUpMilliseconds);
  try {
    const { databases } = await lookAtServer(target.connection, signal);
    for (const { name } of built.filter((each) => isUnderOtherName(each) && databases.includes(each.name))) {
      const clients = await dropDatabase(target.connection, name, signal, patienceMilliseconds);
      if (clients.length > 0) {
        log.warn('Could not drop a database that was made for a restore that failed: it has connections', { database: name, clients });
      }
    }
  } catch (error) {
    log.warn('Could not drop a database that was made for a restore that failed', { error });
  }
};
