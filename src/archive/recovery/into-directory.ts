// A physical copy, back as a data directory that a server can start on: fetch → check → defuse, in a folder beside the target, which appears whole or not at all.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { RecoveryPlan } from '../../core/recovery/plan.ts';
import { checkDirectory, verifyBackup } from '../../engines/postgresql/recovery/check-directory.ts';
import { defuse } from '../../engines/postgresql/recovery/defuse.ts';
import type { Defused } from '../../engines/postgresql/recovery/defuse.ts';
import { findPrograms } from '../../engines/postgresql/recovery/programs.ts';
import type { Store } from '../../stores/store.ts';
import type { RecoveryContext } from './context.ts';
import { defaultSegmentBytes, fetchChain, segmentBytesOf } from './fetch-chain.ts';
import type { OpenLink } from './open-link.ts';
import type { Prepared } from './prepare.ts';
import type { DirectoryTarget, Owner } from './request.ts';
import { giveTo } from './give-to.ts';
import { replayDirectory } from './replay/replay-directory.ts';
import type { Replayed } from './replay/replay-directory.ts';
import { hostHere } from './server-host.ts';
import { intoDirectory } from './target-directory.ts';

export type RestoredDirectory = {
  path: string;
  major: number;
  // Files of the backup_manifest.
  files: number;
  // Whether PostgreSQL's own tool has checked every checksum; else why not.
  checksums: 'Passed' | { notChecked: string };
  defused: Defused[];
  // Where WAL was replayed behind the backup.
  replayed?: Replayed;
};

export const restoreDirectory = (
  store: Store,
  prepared: Prepared,
  target: DirectoryTarget,
  identities: readonly string[],
  context: RecoveryContext,
): Promise<RestoredDirectory> =>
  intoDirectory(target.path, async (directory, beside) => {
    const { plan, chain } = prepared;
    const { fetchBytes } = plan;
    const fetch = { store, chain, major: majorOf(plan), directory, beside, programs: target.programs, fetchBytes };
    await context.step('fetch', () => fetchChain(fetch, context));
    const checked = await context.step('check', () => check(plan, chain, directory, target, context));
    const defused = await context.step('defuse', () => defuseIt(plan, directory, target, context));
    const replayed = await replayIt(store, prepared, target, { directory, beside }, identities, context);
    await context.step('sync', () => makeDurable(directory, target.owner));
    return { path: target.path, major: majorOf(plan), ...checked, defused, ...(replayed === undefined ? {} : { replayed }) };
  });

export const majorOf = ({ versions }: RecoveryPlan): number => Number.parseInt(versions['postgresql'] ?? '', 10);

// Every file against the backup_manifest, by PostgreSQL's own tool where it is here.
export const check = async (
  plan: RecoveryPlan,
  chain: readonly OpenLink[],
  directory: string,
  { programs: wanted }: Pick<DirectoryTarget, 'programs'>,
  { signal }: RecoveryContext,
): Promise<Pick<RestoredDirectory, 'files' | 'checksums'>> => {
  const last = chain.at(-1)?.component;
  const { files } = await checkDirectory(directory, last === undefined ? defaultSegmentBytes : segmentBytesOf(last), signal);
  const programs = await findPrograms(majorOf(plan), 'pg_verifybackup', wanted);
  if (programs === undefined) {
    return {
      files: files.size,
      checksums: { notChecked: `there is no pg_verifybackup of PostgreSQL ${majorOf(plan)} on this machine` },
    };
  }
  await verifyBackup(programs, directory, signal);
  return { files: files.size, checksums: 'Passed' };
};

export const defuseIt = (
  plan: RecoveryPlan,
  directory: string,
  { keep }: Pick<DirectoryTarget, 'keep'>,
  { now }: RecoveryContext,
): Promise<Defused[]> =>
  defuse(directory, {
    major: majorOf(plan),
    keep,
    origin: `restored from the backup ${plan.chain.at(-1)?.backupId} (component "${plan.component}") at ${now().toISOString().slice(0, 19)}Z`,
  });

const replayIt = async (
  store: Store,
  { replay: tools, usedTimelines }: Prepared,
  { owner }: DirectoryTarget,
  { directory, beside }: { directory: string; beside: string },
  identities: readonly string[],
  context: RecoveryContext,
): Promise<Replayed | undefined> =>
  tools === undefined
    ? undefined
    : context.step('replay', () =>
        replayDirectory(
          {
            ...tools,
            usedTimelines,
            host: hostHere(tools.programs, owner, context.dropsPrivileges),
            store,
            identities,
            owner,
            dataDirectory: directory,
            workDirectory: beside,
          },
          context,
        ),
      );

// What is called restored must be there after a power cut, and belong to whom it shall belong to.
export const makeDurable = async (directory: string, owner: Owner | undefined): Promise<void> => {
  await giveTo(owner, directory);
  await promisify(execFile)('sync', ['--file-system', '--', directory]);
};
