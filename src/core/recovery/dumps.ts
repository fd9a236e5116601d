// Which dumps of a component go into which databases of a server, and why they may not.
import type { ComponentEntry } from '../../api/stored/backup.ts';
import { refusal } from './refusal.ts';
import type { Refusal } from './refusal.ts';

// `database`: as the dump names it. `into`: where its objects go. `create`: that one is not there yet, or (`ready`) an earlier attempt of the same restore has made it, all of it.
export type DumpStep = { artifact: string; database: string; into: string; create: boolean; ready?: true };

export type LogicalWish = {
  // Empty: all of them.
  databases: readonly string[];
  // A database that is there already, for one dump.
  into?: string;
  // It may hold something already.
  add: boolean;
};

const suffix = '.dump';

export const dumpsOf = ({ artifacts }: ComponentEntry): { artifact: string; database: string }[] =>
  artifacts
    .filter(({ name }) => name.endsWith(suffix))
    .map(({ name }) => ({ artifact: name, database: decodeURIComponent(name.slice(0, -suffix.length)) }));

// `present`: databases of the server. A database that is there is restored into, where it is empty or somebody asked for it. `isReady`: whether an earlier attempt has made it.
export const planDumps = (
  component: ComponentEntry,
  { databases, into }: LogicalWish,
  present: readonly string[],
  isReady: (dump: Pick<DumpStep, 'artifact' | 'into'>) => boolean = () => false,
): DumpStep[] | Refusal => {
  const all = dumpsOf(component);
  const names = all.map(({ database }) => database);
  const missing = databases.find((name) => !names.includes(name));
  if (missing !== undefined) {
    return refusal('DatabaseNotFound', `The backup holds no dump of a database "${missing}"; it holds ${names.join(', ')}.`, {
      options: { database: names[0] },
    });
  }
  const chosen = databases.length === 0 ? all : all.filter(({ database }) => databases.includes(database));
  if (into === undefined) {
    return chosen.map((dump): DumpStep => {
      const name = dump.database;
      const ready = present.includes(name) && isReady({ ...dump, into: name });
      return { ...dump, into: name, create: ready || !present.includes(name), ...(ready ? { ready } : {}) };
    });
  }
  if (chosen.length !== 1) {
    return refusal('DatabaseNotFound', `One dump can go into the database "${into}", and the backup holds ${names.join(', ')}.`, {
      options: { database: names[0] },
    });
  }
  return present.includes(into)
    ? chosen.map((dump) => ({ ...dump, into, create: false }))
    : refusal('DatabaseNotFound', `The server has no database "${into}".`, {
        act: `Make it first: CREATE DATABASE "${into}" TEMPLATE template0;`,
      });
};

// `occupied`: how many objects the databases hold that are there already.
export const refuseOccupied = (
  steps: readonly DumpStep[],
  occupied: ReadonlyMap<string, number>,
  { add }: LogicalWish,
): Refusal | undefined => {
  const full = steps.find(({ into }) => (occupied.get(into) ?? 0) > 0);
  return full === undefined || add
    ? undefined
    : refusal('TargetNotEmpty', `The database "${full.into}" is there already, with ${occupied.get(full.into)} tables and the like.`, {
        options: { add: true },
        act: 'adds to it, and undoes all of it where something is in the way; or drop or rename it; or name an empty one with --into-database',
      });
};

// A newer server reads what an older one wrote, not the other way round. `tools`: the major of pg_restore here.
export const refuseVersions = (dumped: number, server: number, tools: number | undefined): Refusal | undefined => {
  if (server < dumped) {
    return refusal('VersionMismatch', `The dump is of PostgreSQL ${dumped}, the server is PostgreSQL ${server}.`, {
      options: { into: `<a server of PostgreSQL ${dumped} or newer>` },
    });
  }
  return tools !== undefined && tools >= dumped
    ? undefined
    : refusal(
        'VersionMismatch',
        tools === undefined
          ? 'There is no pg_restore on this machine.'
          : `The dump is of PostgreSQL ${dumped}, and pg_restore here is of ${tools}.`,
        { act: `Install the client programs of PostgreSQL ${dumped} or newer, put them first on PATH, and run the command again.` },
      );
};
