// Reads the copies of a chain into one data directory: the Full is unpacked, each increment is joined to it as it streams by, one copy on disk.
// Increments of a form that is not known are unpacked side by side, and joined by PostgreSQL's own pg_combinebackup.
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { ArtifactRecord, ComponentEntry } from '../../api/stored/backup.ts';
import { EngineError } from '../../engines/engine.ts';
import { combineBackups } from '../../engines/postgresql/incremental/combine.ts';
import { joinInto, knownMajors } from '../../engines/postgresql/incremental/join-increments.ts';
import type { Joining } from '../../engines/postgresql/incremental/join-increments.ts';
import { decompressed } from '../../engines/postgresql/incremental/read-archive.ts';
import { extractBase } from '../../engines/postgresql/recovery/extract.ts';
import { findPrograms } from '../../engines/postgresql/recovery/programs.ts';
import type { Store } from '../../stores/store.ts';
import { ArchiveError } from '../errors.ts';
import { withArtifact } from '../read-artifact.ts';
import type { RecoveryContext } from './context.ts';
import type { OpenLink } from './open-link.ts';

export type ChainFetch = {
  store: Store;
  // Oldest first.
  chain: readonly OpenLink[];
  major: number;
  // Empty, and there.
  directory: string;
  // A folder for what is needed meanwhile.
  beside: string;
  // Folder of PostgreSQL's programs.
  programs?: string | undefined;
  fetchBytes: number;
  // Majors whose increments are joined in place.
  inPlace?: readonly number[];
};

type Context = Pick<RecoveryContext, 'signal' | 'progress' | 'log'>;

export const fetchChain = async (fetch: ChainFetch, context: Context): Promise<void> => {
  const { chain, major, directory, inPlace = knownMajors } = fetch;
  if (chain.length > 1 && !inPlace.includes(major)) {
    await combineChain(fetch, context);
    return;
  }
  try {
    await joinChain(fetch, context);
  } catch (error) {
    if (!(error instanceof EngineError) || error.code !== 'IncrementFormatUnknown') {
      throw error;
    }
    context.log.warn('An increment has an unknown form; pg_combinebackup joins the chain instead', { error });
    await empty(directory);
    await combineChain(fetch, context);
  }
};

export const defaultSegmentBytes = 16 * 1024 ** 2;
export const segmentBytesOf = ({ facts }: ComponentEntry): number => facts.postgresql?.walSegmentBytes ?? defaultSegmentBytes;

const joinChain = async (fetch: ChainFetch, { signal, progress }: Context): Promise<void> => {
  const { chain, directory } = fetch;
  const read = reader(fetch, signal, progress);
  let joining: Joining | undefined;
  for (const link of chain) {
    const whole = joining;
    await read(link, whole === undefined, async (plain) => {
      await (whole === undefined ? extractBase(plain, directory, signal) : whole.apply(decompressed(plain, signal)));
    });
    joining ??= joinInto(directory, { walSegmentBytes: segmentBytesOf(link.component), durable: false });
  }
  await joining?.finish();
};

// It needs room for every link, and for the result.
const combineChain = async (fetch: ChainFetch, { signal, progress }: Context): Promise<void> => {
  const { chain, major, directory, beside, programs: wanted } = fetch;
  const programs = await findPrograms(major, 'pg_combinebackup', wanted);
  if (programs === undefined) {
    throw new EngineError(
      'IncrementFormatUnknown',
      `The increments of PostgreSQL ${major} are joined by its own pg_combinebackup, which is not on this machine. Install PostgreSQL ${major}, or name the folder of its programs.`,
    );
  }
  const read = reader(fetch, signal, progress);
  const folders: string[] = [];
  for (const [index, link] of chain.entries()) {
    const folder = join(beside, `link-${index}`);
    await mkdir(folder, { mode: 0o700 });
    folders.push(folder);
    await read(link, index === 0, (plain) => extractBase(plain, folder, signal));
  }
  await combineBackups(folders, directory, { program: join(programs.directory, 'pg_combinebackup'), durable: false, signal });
  await Promise.all(folders.map((folder) => rm(folder, { recursive: true })));
};

type Read = (link: OpenLink, isFirst: boolean, use: (plain: Readable) => Promise<void>) => Promise<void>;

const reader = ({ store, fetchBytes }: ChainFetch, signal: AbortSignal, progress: Context['progress']): Read => {
  let fetched = 0;
  const onBytes = (bytes: number): void => progress('fetch', (fetched += bytes), fetchBytes);
  return ({ manifest, component, identity = '' }, isFirst, use) =>
    withArtifact({ store, identities: [identity], signal, onBytes }, baseOf(manifest.backupId, component, isFirst), use);
};

const baseOf = (backupId: string, component: ComponentEntry, isFirst: boolean): ArtifactRecord => {
  const base = component.artifacts.find(({ name }) => name === 'base.tar');
  if (base === undefined || (component.parent === null) !== isFirst) {
    throw new ArchiveError('DocumentInvalid', `This release cannot restore the physical copy of ${backupId}. Use a later one.`);
  }
  return base;
};

const empty = async (directory: string): Promise<void> => {
  const names = await readdir(directory);
  await Promise.all(names.map((name) => rm(join(directory, name), { recursive: true })));
};
