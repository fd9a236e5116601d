// Reads a stored dump: its head alone, or all of it.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { ArtifactRecord } from '../../../api/stored/backup.ts';
import type { DumpStep } from '../../../core/recovery/dumps.ts';
import { ofDatabaseItself, readDatabaseScript } from '../../../engines/postgresql/recovery/database-script.ts';
import type { DatabaseScript } from '../../../engines/postgresql/recovery/database-script.ts';
import { readDatabaseSql, readTocText, restoreDump } from '../../../engines/postgresql/recovery/restore-dump.ts';
import { listFile, readToc as parseToc } from '../../../engines/postgresql/recovery/toc.ts';
import type { TocEntry } from '../../../engines/postgresql/recovery/toc.ts';
import { decrypt } from '../../age/file.ts';
import { ArchiveError } from '../../errors.ts';
import { withArtifact } from '../../read-artifact.ts';
import { readVolumes } from '../../volumes.ts';
import type { Part } from './choose-parts.ts';
import type { Run } from './run.ts';

export const readToc = async (run: Run, dump: DumpStep): Promise<TocEntry[]> =>
  parseToc(await withHead(run, dump, (plain) => readTocText(plain, run.context.signal)));

// What the dump says of its database, as if that were called by a name.
export type Describe = (name: string) => DatabaseScript;

export const readDatabase = async (run: Run, { dump, entries, selected }: Part): Promise<Describe> => {
  const itself = new Set(entries.filter((each) => ofDatabaseItself(each, selected === undefined)).map(({ id }) => id));
  const sql = await withListFile(listFile(entries, itself), (list) =>
    withHead(run, dump, (plain) => readDatabaseSql(plain, list, run.context.signal)),
  );
  return (name) => readDatabaseScript(sql, name);
};

// All of it, or the chosen part, into the database `name`, which is there.
export const restorePart = async (run: Run, { dump, entries, selected }: Part, name: string): Promise<void> => {
  const { store, link, target, context, fetchBytes } = run;
  let read = 0;
  const onBytes = (bytes: number): void => context.progress(`restore ${dump.database}`, (read += bytes), fetchBytes);
  const source = { store, identities: [link.identity ?? ''], signal: context.signal, onBytes };
  const restore = (list?: string): Promise<void> =>
    withArtifact(source, artifactOf(run, dump), (plain) =>
      restoreDump(
        plain,
        target.connection,
        { database: name, atOnce: !dump.create, ...(list === undefined ? {} : { listFile: list }) },
        context.signal,
      ),
    );
  await (selected === undefined ? restore() : withListFile(listFile(entries, selected.ids), restore));
};

// Every chunk that comes is authenticated. The digest of the whole is compared when the dump itself is read.
const withHead = async <T>({ store, link, context }: Run, dump: DumpStep, read: (plain: Readable) => Promise<T>): Promise<T> => {
  const { volumes } = artifactOf({ link }, dump);
  const plain = Readable.from(decrypt(readVolumes(store, volumes, context.signal), [link.identity ?? '']), { objectMode: false });
  try {
    return await read(plain);
  } finally {
    plain.destroy();
  }
};

const artifactOf = ({ link }: Pick<Run, 'link'>, { artifact }: DumpStep): ArtifactRecord => {
  const record = link.component.artifacts.find(({ name }) => name === artifact);
  if (record === undefined) {
    throw new ArchiveError('DocumentInvalid', `The manifest of ${link.manifest.backupId} names no ${artifact}. Please report this.`);
  }
  return record;
};

const withListFile = async <T>(list: string, work: (file: string) => Promise<T>): Promise<T> => {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-'));
  try {
    const file = join(folder, 'list');
    await writeFile(file, list);
    return await work(file);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
