// Makes the new data directory beside the old one, whole and proven: fetch → restore → replay → verify.
import { mkdir } from 'node:fs/promises';
import { recoverPaths } from '../../../api/recover.ts';
import type { DirectoryPlan } from '../../../api/recover.ts';
import type { Defused } from '../../../engines/postgresql/recovery/defuse.ts';
import type { Programs } from '../../../engines/postgresql/recovery/programs.ts';
import type { Store } from '../../../stores/store.ts';
import type { RecoveryContext } from '../context.ts';
import { fetchChain } from '../fetch-chain.ts';
import { check, defuseIt, majorOf, makeDurable } from '../into-directory.ts';
import type { OpenLink } from '../open-link.ts';
import type { Prepared } from '../prepare.ts';
import { openDirectory } from '../replay/open-directory.ts';
import { replayDirectory } from '../replay/replay-directory.ts';
import type { Owner } from '../request.ts';
import { hostBeside } from '../server-host.ts';
import type { ServerHost } from '../server-host.ts';
import type { Place } from '../volume/place.ts';
import { proveDirectory } from '../volume/prove.ts';
import { needPrograms } from './directory-target.ts';

export type BuildOptions = {
  store: Store;
  prepared: Prepared;
  place: Place;
  target: DirectoryPlan;
  identities: readonly string[];
  owner: Owner | undefined;
  context: RecoveryContext;
};

export type Built = { reachedLsn: string; timeline: number; systemId: string; notes: string[] };

export const buildDirectory = async (options: BuildOptions): Promise<Built> => {
  const { store, prepared, place, target, owner, context } = options;
  const { plan, chain } = prepared;
  const directory = place.data;
  const host = hostBeside(target.runPath ?? recoverPaths.run, owner);
  const programs = await needPrograms(chain.at(-1) as OpenLink);
  await mkdir(directory, { mode: 0o700 });
  await context.step('fetch', () =>
    fetchChain({ store, chain, major: majorOf(plan), directory, beside: place.work, fetchBytes: plan.fetchBytes }, context),
  );
  const defused = await context.step('restore', async () => {
    await check(plan, chain, directory, {}, context);
    // In place it is that very server, and shall do what it did.
    return place.kind === 'inPlace' ? [] : defuseIt(plan, directory, { keep: [] }, context);
  });
  const reached = await context.step('replay', () => replayIt(options, host, programs));
  const proven = await context.step('verify', () =>
    proveDirectory({ host, programs, dataDirectory: directory, reachedLsn: reached, ...leastOf(prepared), signal: context.signal }),
  );
  await context.step('restore', () => makeDurable(directory, owner));
  const { systemId, timeline, notes } = proven;
  return { reachedLsn: reached, timeline, systemId, notes: [...notes, ...defusedText(defused)] };
};

const replayIt = async (
  { store, prepared, place, identities, owner, context }: BuildOptions,
  host: ServerHost,
  programs: Programs,
): Promise<string> => {
  const { replay: tools, usedTimelines, chain } = prepared;
  const places = { dataDirectory: place.data, workDirectory: place.work };
  if (tools === undefined) {
    const timeline = chain.at(-1)?.component.facts.postgresql?.timeline ?? 1;
    return (await openDirectory({ ...places, host, programs, owner, timeline, usedTimelines }, context)).lsn;
  }
  // Progress lines speak of bytes.
  const { segmentBytes } = tools.lineage.document;
  const progress: RecoveryContext['progress'] = (what, served, of) => context.progress(what, served * segmentBytes, of * segmentBytes);
  const options = { ...tools, ...places, programs, host, store, identities, owner, usedTimelines };
  return (await replayDirectory(options, { ...context, progress })).lsn;
};

// A replay has compared that itself, record by record.
const leastOf = ({ chain, replay }: Prepared): { atLeast?: string } => {
  const stop = replay === undefined ? chain.at(-1)?.component.facts.postgresql?.stopLsn : undefined;
  return stop === undefined ? {} : { atLeast: stop };
};

const defusedText = (defused: readonly Defused[]): string[] =>
  defused.length === 0
    ? []
    : [
        `Taken out of force, see holdfast.conf in the data directory: ${defused.map(({ name, was }) => `${name} (was '${was}')`).join(', ')}.`,
      ];
