// The plan of a recovery: what is read, how much room it takes, what is lost, in which steps; or why it is refused.
import type { Manifest } from '../../api/stored/backup.ts';
import type { Link } from './choose.ts';
import type { DumpStep } from './dumps.ts';
import { refusal } from './refusal.ts';
import type { Refusal } from './refusal.ts';
import { targetText } from './replay.ts';
import type { ReplayTarget } from './replay.ts';
import type { Form } from './wish.ts';

export type Step = { name: 'fetch' | 'restore' | 'defuse' | 'replay' | 'check'; what: string; bytes?: number };

export type RecoveryPlan = {
  kind: 'plan';
  component: string;
  form: Form;
  repositoryId: string;
  policy: Manifest['policy'];
  // Oldest first.
  chain: { backupId: string; type: Manifest['type']; slot: string; bytes: number }[];
  // Where it ends. `time`: every commit before it is there.
  // `target`: where the replay of WAL stops.
  reaches: { time?: string; lsn?: string; timeline?: number; target?: string };
  steps: Step[];
  // Stored bytes that are read.
  fetchBytes: number;
  // Room in the target; absent where it is not known before it is read.
  spaceBytes?: number;
  freeBytes?: number;
  versions: Record<string, string>;
  // How long reading takes; absent where it was not measured.
  reading?: ReadEstimate;
  // What will not be there.
  lost: string;
  notes: string[];
};

// At the speed at which the store gave its first bytes. Unpacking goes on beside it; checks and replay come on top.
export type ReadEstimate = { seconds: number; bytesPerSecond: number };

// What the chosen backups turned out to be like, and where they shall go.
export type Facts = {
  repositoryId: string;
  form: Form;
  chain: readonly Link[];
  notes: readonly string[];
  // Ids of all backups in the store, newest first.
  ids: readonly string[];
  // Objects of the chain that are not there, or not with their size.
  missing: { backupId: string; message: string }[];
  // Which backups no identity opens. Undefined: no identity was given.
  closed?: { backupId: string; message: string }[];
  // Bytes of the files, once they are there; absent where that is not known.
  rawBytes?: number;
  // Version of the C library of this machine, which sorts text; absent where it is another one.
  libc?: string;
  // Where WAL is replayed.
  replay?: ReplayFacts;
  target: Target;
};

export type ReplayFacts = {
  target: ReplayTarget;
  timeline: number;
  // WAL is there up to this LSN, and every commit before `latestTime` is in it.
  to: string;
  latestTime?: string;
  storedBytes: number;
  rawBytes: number;
  segmentBytes: number;
  // The major that must replay it, and the version of PostgreSQL here, if there is one of that major.
  major: number;
  server?: string;
  // The first object that the index names and that is not there.
  missing?: string;
  // The first key that the identity does not open.
  closed?: string;
};

export type Target =
  // `occupied`: what is there already, such as "holds 3 files".
  | { kind: 'directory'; path: string; occupied?: string; freeBytes?: number } // `refused`: what is wrong with it, or with what was asked of it.
  | { kind: 'server'; dumps: DumpStep[]; roles: boolean; refused?: Refusal };

const mebibytes = (bytes: number): string => `${Math.ceil(bytes / 1024 ** 2)} MiB`;

// First what concerns the target, then the source: the cheapest answer first. The first that applies wins.
export const planRecovery = (facts: Facts): RecoveryPlan | Refusal =>
  targetOccupied(facts) ??
  serverMissing(facts) ??
  objectsMissing(facts) ??
  walMissing(facts) ??
  keysMissing(facts) ??
  tooLittleSpace(facts) ??
  thePlan(facts);

const targetOccupied = ({ target }: Facts): Refusal | undefined =>
  target.kind === 'server'
    ? target.refused
    : target.occupied === undefined
      ? undefined
      : refusal('TargetNotEmpty', `${target.path} ${target.occupied}. A restore never writes over anything.`, {
          options: { to: `${target.path}.restored` },
        });

const objectsMissing = ({ missing, chain }: Facts): Refusal | undefined => {
  const [first] = missing;
  if (first === undefined) {
    return undefined;
  }
  const code = chain.length > 1 ? 'ChainBroken' : 'SourceVerificationFailed';
  return refusal(code, `The backup ${first.backupId} is not whole: ${first.message}`, {
    act: 'Use another tier (its location after --from), or another backup: `kubectl holdfast list --from …` shows which are whole.',
  });
};

// Whoever replays WAL must be the server that wrote it, in its major version.
const serverMissing = ({ replay }: Facts): Refusal | undefined =>
  replay === undefined || replay.server !== undefined
    ? undefined
    : refusal('VersionMismatch', `The WAL must be replayed by PostgreSQL ${replay.major}, and there is none on this machine.`, {
        options: { 'postgresql-bin': `<the folder with postgres ${replay.major}>` },
        act: `Or install PostgreSQL ${replay.major}, or run this where it is installed.`,
      });

const walMissing = ({ replay }: Facts): Refusal | undefined =>
  replay?.missing === undefined
    ? undefined
    : refusal('WALGap', `The WAL archive is not whole: its index names ${replay.missing}, which is not there, or not with its size.`, {
        act: 'Use another tier: the same command with its location after --from. Find out who removed it.',
      });

const keysMissing = ({ closed = [], replay }: Facts): Refusal | undefined => {
  const [first] =
    replay?.closed === undefined
      ? closed
      : [...closed, { backupId: 'of the WAL', message: `its key ${replay.closed} is not encrypted for it.` }];
  return first === undefined
    ? undefined
    : refusal('KeyUnavailable', `The identity does not open the backup ${first.backupId}: ${first.message}`, {
        options: { identity: '<the identity of one of its recipients>' },
        act: 'It is the file identity.txt that keygen made when this backup was taken; a rotated key opens older backups only.',
      });
};

// Replay writes a little more, and a file system wants some air.
export const withMargin = (bytes: number): number => Math.ceil(bytes * 1.05) + 64 * 1024 ** 2;

// A server that replays keeps some WAL beside the data, and the spool holds a few segments.
const replayRoom = ({ replay }: Facts): number =>
  replay === undefined ? 0 : Math.min(replay.rawBytes, 512 * 1024 ** 2) + 8 * replay.segmentBytes;

const roomOf = (facts: Facts): number | undefined =>
  facts.rawBytes === undefined ? undefined : withMargin(facts.rawBytes + replayRoom(facts));

const tooLittleSpace = (facts: Facts): Refusal | undefined => {
  const { target } = facts;
  const needed = roomOf(facts);
  if (needed === undefined || target.kind !== 'directory' || target.freeBytes === undefined) {
    return undefined;
  }
  return needed <= target.freeBytes
    ? undefined
    : refusal('InsufficientSpace', `${target.path} has ${mebibytes(target.freeBytes)} free, and ${mebibytes(needed)} are needed.`, {
        options: { to: '<a folder with more room>' },
        act: 'Or free some room there.',
      });
};

export const globalsArtifact = 'globals.sql';

const artifactBytes = ({ component }: Link, target: Target): number =>
  component.artifacts
    .filter(({ name }) =>
      target.kind === 'directory'
        ? name === 'base.tar'
        : target.dumps.some(({ artifact }) => artifact === name) || (target.roles && name === globalsArtifact),
    )
    .flatMap(({ volumes }) => volumes)
    .reduce((sum, { bytes }) => sum + bytes, 0);

const thePlan = (facts: Facts): RecoveryPlan => {
  const { chain, form, repositoryId, replay, target } = facts;
  const room = roomOf(facts);
  const last = chain.at(-1) as Link;
  const links = chain.map((link) => ({
    backupId: link.manifest.backupId,
    type: link.manifest.type,
    slot: link.manifest.slot,
    bytes: artifactBytes(link, target),
  }));
  const free = target.kind === 'directory' ? target.freeBytes : undefined;
  return {
    kind: 'plan',
    component: last.component.name,
    form,
    repositoryId,
    policy: last.manifest.policy,
    chain: links,
    reaches: reachOf(facts, last),
    steps: target.kind === 'directory' ? stepsOf(links, replay) : dumpSteps(target, last),
    fetchBytes: links.reduce((sum, { bytes }) => sum + bytes, replay?.storedBytes ?? 0),
    ...(room === undefined ? {} : { spaceBytes: room }),
    ...(free === undefined ? {} : { freeBytes: free }),
    versions: last.component.facts.versions,
    lost: lostBy(facts, last),
    notes: notesOf(facts),
  };
};

const reachOf = ({ form, replay }: Facts, { component }: Link): RecoveryPlan['reaches'] => {
  const { restorableTo, postgresql } = component.facts;
  if (replay !== undefined) {
    return {
      target: targetText(replay.target),
      ...(replay.latestTime === undefined || replay.target.kind !== 'end' ? {} : { time: replay.latestTime }),
      timeline: replay.timeline,
    };
  }
  return {
    ...(restorableTo === undefined ? {} : { time: restorableTo }),
    ...(form === 'physical' && postgresql?.stopLsn !== undefined ? { lsn: postgresql.stopLsn } : {}),
    ...(form === 'physical' && postgresql?.timeline !== undefined ? { timeline: postgresql.timeline } : {}),
  };
};

const stepsOf = (links: RecoveryPlan['chain'], replay: ReplayFacts | undefined): Step[] => [
  ...links.map(({ backupId, type, bytes }): Step => ({ name: 'fetch', what: `${type} ${backupId}`, bytes })),
  { name: 'check', what: 'every file against backup_manifest' },
  { name: 'defuse', what: 'settings that act on the world' },
  ...(replay === undefined
    ? []
    : [
        { name: 'replay' as const, what: `WAL of timeline ${replay.timeline}, ${targetText(replay.target)}`, bytes: replay.storedBytes },
        { name: 'check' as const, what: 'where redo ended' },
      ]),
];

const dumpSteps = ({ dumps, roles }: Extract<Target, { kind: 'server' }>, { component }: Link): Step[] => {
  const bytesOf = (artifact: string): number =>
    component.artifacts
      .filter(({ name }) => name === artifact)
      .flatMap(({ volumes }) => volumes)
      .reduce((sum, { bytes }) => sum + bytes, 0);
  return [
    ...(roles ? [{ name: 'restore' as const, what: 'roles that the server lacks', bytes: bytesOf(globalsArtifact) }] : []),
    ...dumps.map(({ artifact, database, into, create }): Step => ({
      name: 'restore',
      what: `the database "${database}" ${create ? 'as a new one' : `into "${into}"`}`,
      bytes: bytesOf(artifact),
    })),
    { name: 'check', what: 'rows against those that the snapshot saw' },
  ];
};

const lostBy = ({ ids, replay }: Facts, { manifest, component }: Link): string => {
  if (replay !== undefined) {
    const end = replay.latestTime === undefined ? `LSN ${replay.to}` : `${replay.latestTime} (LSN ${replay.to})`;
    return replay.target.kind === 'end'
      ? `What was committed after ${end}, where the stored WAL ends.`
      : `What was committed after that point. The stored WAL goes on to ${end}.`;
  }
  const newer = ids.indexOf(manifest.backupId);
  const after = component.facts.restorableTo;
  return [
    after === undefined ? 'What was committed after the backup.' : `What was committed after ${after}.`,
    newer > 0 ? ` There ${newer === 1 ? 'is 1 newer backup' : `are ${newer} newer backups`}.` : '',
  ].join('');
};

const notesOf = ({ notes, closed, rawBytes, target, chain, form, libc }: Facts): string[] => [
  ...notes,
  ...(form === 'physical' ? otherSorting(chain.at(-1)?.component.facts.versions['libc'], libc) : []),
  ...(closed === undefined ? ['No identity was given: whether the backup can be opened, and how much room it takes, is not known.'] : []),
  ...(closed !== undefined && rawBytes === undefined && target.kind === 'directory'
    ? ['How much room it takes is not known: the backup says nothing of it.']
    : []),
];

// Indexes of text are in the order of the C library that made them: another one finds rows no more, and says nothing.
const otherSorting = (there: string | undefined, here: string | undefined): string[] =>
  there === undefined || there === here
    ? []
    : [
        `Text was sorted by the C library ${there} there${here === undefined ? ', and that of this machine is not known' : `, and this machine has ${here}`}: start the copy where it is ${there}, or run REINDEX DATABASE in each database and then ALTER DATABASE … REFRESH COLLATION VERSION.`,
      ];
