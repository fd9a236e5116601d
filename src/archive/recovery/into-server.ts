// Dumps into a running server: roles first, then each database, then its rows are compared with what the snapshot saw.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DumpStep } from '../../core/recovery/dumps.ts';
import { globalsArtifact } from '../../core/recovery/plan.ts';
import { refusal } from '../../core/recovery/refusal.ts';
import type { DumpFacts } from '../../engines/postgresql/logical/database-dump.ts';
import { checkRows } from '../../engines/postgresql/recovery/check-rows.ts';
import { lookAtServer, runSql } from '../../engines/postgresql/recovery/connection.ts';
import { dropDatabase, restoreDump } from '../../engines/postgresql/recovery/restore-dump.ts';
import { planRoles } from '../../engines/postgresql/recovery/roles.ts';
import { listFile, selectPart } from '../../engines/postgresql/recovery/toc.ts';
import type { Selected, TocEntry } from '../../engines/postgresql/recovery/toc.ts';
import type { Store } from '../../stores/store.ts';
import { ArchiveError } from '../errors.ts';
import { readSmallArtifact, withArtifact } from '../read-artifact.ts';
import type { RecoveryContext } from './context.ts';
import { readDumpToc } from './dump-toc.ts';
import type { OpenLink } from './open-link.ts';
import type { Prepared } from './prepare.ts';
import { RecoveryRefused } from './refused.ts';
import type { ServerTarget } from './request.ts';

const largestDocumentBytes = 256 * 1024 ** 2;

export type RestoredServer = {
  roles: { made: string[]; kept: string[] };
  databases: { database: string; into: string; created: boolean; tablesCompared: number }[];
};

type Run = { store: Store; link: OpenLink; target: ServerTarget; context: RecoveryContext; fetchBytes: number };

export const restoreIntoServer = async (
  store: Store,
  { plan, chain, dumps }: Prepared,
  target: ServerTarget,
  context: RecoveryContext,
): Promise<RestoredServer> => {
  const link = chain.at(-1) as OpenLink;
  const run: Run = { store, link, target, context, fetchBytes: plan.fetchBytes };
  const facts = await readFacts(run);
  const parts = await context.step('choose', () => chooseParts(run, dumps));
  const roles = await context.step('roles', () => restoreRoles(run));
  const databases: RestoredServer['databases'] = [];
  for (const [at, dump] of dumps.entries()) {
    const part = parts[at];
    await context.step(`restore ${dump.database}`, () => restoreOne(run, dump, part));
    const tables = tablesToCompare(
      facts.find(({ artifact }) => artifact === dump.artifact),
      part,
    );
    const tablesCompared = await context.step(`check ${dump.database}`, () =>
      checkRows(target.connection, dump.into, tables, context.signal),
    );
    databases.push({ database: dump.database, into: dump.into, created: dump.create, tablesCompared });
  }
  return { roles, databases };
};

const readSmall = ({ store, link, context: { signal } }: Run, name: string): Promise<Buffer> | undefined => {
  const record = link.component.artifacts.find((artifact) => artifact.name === name);
  return record === undefined
    ? undefined
    : readSmallArtifact({ store, identities: [link.identity ?? ''], signal }, record, largestDocumentBytes);
};

const readFacts = async (run: Run): Promise<DumpFacts[]> => {
  const content = await readSmall(run, 'facts.json');
  return content === undefined ? [] : (JSON.parse(content.toString('utf8')) as { databases: DumpFacts[] }).databases;
};

// Which entries of each dump are restored; undefined: all. What a dump does not hold is refused before anything is changed.
type Chosen = { entries: TocEntry[]; selected: Selected } | undefined;

const chooseParts = async (run: Run, dumps: readonly DumpStep[]): Promise<Chosen[]> => {
  const { schemas, tables } = run.target;
  const chosen: Chosen[] = [];
  for (const dump of dumps) {
    if (schemas.length === 0 && tables.length === 0) {
      chosen.push(undefined);
      continue;
    }
    const entries = await readDumpToc(run.store, artifactOf(run, dump), run.link.identity ?? '', run.context.signal);
    const selected = selectPart(entries, { schemas, tables }, dump.create);
    const [missing] = selected.missing;
    if (missing !== undefined) {
      throw new RecoveryRefused(
        refusal('DatabaseNotFound', `The dump of the database "${dump.database}" holds no schema or table "${missing}".`, {
          act: 'Write it as it is in the database, as <table> or <schema>.<table>.',
        }),
      );
    }
    chosen.push({ entries, selected });
  }
  return chosen;
};

const artifactOf = ({ link }: Run, { artifact }: DumpStep) => {
  const record = link.component.artifacts.find(({ name }) => name === artifact);
  if (record === undefined) {
    throw new ArchiveError('DocumentInvalid', `The manifest of ${link.manifest.backupId} names no ${artifact}. Please report this.`);
  }
  return record;
};

// All of them or none. A role that is there already is not touched.
const restoreRoles = async (run: Run): Promise<RestoredServer['roles']> => {
  const { target, context } = run;
  const content = target.roles ? await readSmall(run, globalsArtifact) : undefined;
  if (content === undefined) {
    return { made: [], kept: [] };
  }
  const { roles } = await lookAtServer(target.connection, context.signal);
  const { statements, made, kept } = planRoles(content.toString('utf8'), roles);
  await runSql(target.connection, target.connection.conninfo, statements.map((each) => `${each};\n`).join(''), {
    signal: context.signal,
    what: 'Making the roles',
    once: true,
  });
  return { made, kept };
};

const restoreOne = async (run: Run, dump: DumpStep, part: Chosen): Promise<void> => {
  const { store, link, target, context, fetchBytes } = run;
  let read = 0;
  const onBytes = (bytes: number): void => context.progress(`restore ${dump.database}`, (read += bytes), fetchBytes);
  const source = { store, identities: [link.identity ?? ''], signal: context.signal, onBytes };
  try {
    await withListFile(part, (list) =>
      withArtifact(source, artifactOf(run, dump), (plain) =>
        restoreDump(
          plain,
          target.connection,
          { database: dump.into, create: dump.create, ...(list === undefined ? {} : { listFile: list }) },
          context.signal,
        ),
      ),
    );
  } catch (error) {
    if (dump.create) {
      await dropDatabase(target.connection, dump.into, AbortSignal.timeout(30_000)).catch((cause: unknown) =>
        context.log.warn('Could not drop a database that was made for a restore that failed', { error: cause }),
      );
    }
    throw error;
  }
};

const withListFile = async <T>(part: Chosen, work: (file: string | undefined) => Promise<T>): Promise<T> => {
  if (part === undefined) {
    return work(undefined);
  }
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-'));
  try {
    const file = join(folder, 'list');
    await writeFile(file, listFile(part.entries, part.selected.ids));
    return await work(file);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

const tablesToCompare = (facts: DumpFacts | undefined, part: Chosen): DumpFacts['tables'] => {
  const restored =
    part === undefined
      ? undefined
      : new Set(
          part.entries.filter(({ id, type }) => type === 'TABLE' && part.selected.ids.has(id)).map(({ schema, tag }) => `${schema}.${tag}`),
        );
  return (facts?.tables ?? []).filter(({ schema, table }) => restored === undefined || restored.has(`${schema}.${table}`));
};
