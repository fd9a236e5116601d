// Level L1 in rotation: a share of the stored bytes is read again and compared with the digests that were signed. What was found is signed, too.
import type { VerificationPlan } from '../../api/agent.ts';
import type { StoredObject } from '../../api/stored/backup.ts';
import type { VerificationMark } from '../../api/stored/mark.ts';
import { verificationOrder } from '../../core/plan/rotation.ts';
import { StoreError } from '../../stores/errors.ts';
import type { AgentContext } from '../context.ts';
import { readManifest } from '../documents.ts';
import { ArchiveError } from '../errors.ts';
import { verificationKey } from '../layout.ts';
import { manifestObjects } from '../manifest-objects.ts';
import type { Signer } from '../signing/keys.ts';
import { readObject } from '../volumes.ts';
import type { Judged, Repository } from './judge.ts';
import { refusal } from './judge.ts';
import { writeMark } from './marks.ts';
import type { Known } from './record.ts';
import { standingOf, stateOf } from './standing.ts';
import type { Standing } from './standing.ts';

export type Rotation = {
  repository: Repository;
  plan: VerificationPlan;
  signer: Signer;
  marks: ReadonlyMap<string, VerificationMark>;
  context: AgentContext;
};

export type Verified = { standings: Map<string, Standing>; readBytes: number };

type Budget = { readBytes: number; until: number };

// Reads what is due, until the share is used up. A store that goes away ends it: what was read by then counts.
export const verifyInRotation = async (rotation: Rotation, judged: readonly Judged[]): Promise<Verified> => {
  const { plan, marks, context } = rotation;
  const passed = judged.flatMap(({ record, verdict }) => (record !== undefined && verdict === 'Passed' ? [record] : []));
  const standings = new Map(passed.map((record) => [record.id, standingOf(record, marks.get(record.id), plan.readBack)]));
  const budget: Budget = { readBytes: 0, until: context.now().getTime() + plan.mostSeconds * 1000 };
  const states = passed.map(({ id }) => stateOf(id, standings.get(id)));
  const records = new Map(passed.map((record) => [record.id, record]));
  for (const id of verificationOrder(states, context.now().getTime(), plan.intervalSeconds * 1000)) {
    const record = records.get(id);
    if (record === undefined || isSpent(rotation, budget)) {
      break;
    }
    const standing = await verifyBackup(rotation, record, standings.get(id) ?? { state: 'Never' }, budget);
    if (standing === undefined) {
      break;
    }
    standings.set(id, standing);
  }
  return { standings, readBytes: budget.readBytes };
};

const isSpent = ({ plan, context }: Rotation, { readBytes, until }: Budget): boolean =>
  readBytes >= plan.mostBytes || context.now().getTime() >= until;

// Undefined: the store could not be read.
const verifyBackup = async (rotation: Rotation, record: Known, before: Standing, budget: Budget): Promise<Standing | undefined> => {
  const { context } = rotation;
  const since = before.state === 'Unfinished' ? before.sinceTime : context.now().toISOString();
  let read = before.state === 'Unfinished' ? before.read : 0;
  const verifiedTime = before.verifiedTime === undefined ? {} : { verifiedTime: before.verifiedTime };
  const unfinished = (): Standing => ({ state: 'Unfinished', sinceTime: since, read, ...verifiedTime });
  try {
    const objects = await objectsOf(rotation, record);
    if (before.state === 'Failed' && (await stillDamaged(rotation, objects, before, budget))) {
      return before;
    }
    for (; read < objects.length && !isSpent(rotation, budget); read += 1) {
      await checkObject(rotation, objects[read] as StoredObject, budget);
    }
    const standing: Standing = read < objects.length ? unfinished() : { state: 'Passed', verifiedTime: since, sinceTime: since, read };
    await remember(rotation, record, standing, objects.length);
    return standing;
  } catch (error) {
    context.signal.throwIfAborted();
    const { verdict, code = '', message = '' } = refusal(error);
    if (verdict === 'Inconclusive') {
      context.log.warn('Could not read stored bytes again', { backupId: record.id, code, error });
      return undefined;
    }
    const key = damagedKey(error) ?? record.id;
    context.log.error('Found stored bytes that do not match', { backupId: record.id, object: key, code });
    const standing: Standing = { state: 'Failed', sinceTime: since, read, damaged: { key, code, message }, ...verifiedTime };
    await remember(rotation, record, standing, record.objects().length);
    return standing;
  }
};

// The manifest once more, as it is stored: the record may be from a snapshot.
const objectsOf = async ({ repository }: Rotation, record: Known): Promise<StoredObject[]> => {
  const { store, repositoryId, verifiers } = repository;
  const { manifest } = await readManifest(store, record.id, repositoryId, verifiers).catch((error: unknown) => {
    throw damage(error, `manifests/${record.id}.json`);
  });
  return manifestObjects(manifest);
};

const stillDamaged = async (rotation: Rotation, objects: StoredObject[], { damaged }: Standing, budget: Budget): Promise<boolean> => {
  const object = objects.find(({ key }) => key === damaged?.key);
  if (object === undefined) {
    return false;
  }
  try {
    await checkObject(rotation, object, budget);
    return false;
  } catch (error) {
    if (error instanceof ArchiveError) {
      return true;
    }
    throw error;
  }
};

// Twice, before anybody is told that it is damaged: the network may have been.
const checkObject = async (rotation: Rotation, object: StoredObject, budget: Budget): Promise<void> => {
  try {
    await readThrough(rotation, object, budget);
  } catch (error) {
    if (!(error instanceof ArchiveError)) {
      throw error;
    }
    await readThrough(rotation, object, budget).catch((again: unknown) => {
      throw damage(again, object.key);
    });
  }
};

const readThrough = async ({ repository, context }: Rotation, object: StoredObject, budget: Budget): Promise<void> => {
  for await (const piece of readObject(repository.store, object, context.signal)) {
    budget.readBytes += piece.length;
  }
};

const keysOfDamage = new WeakMap<object, string>();
const damage = (error: unknown, key: string): unknown => {
  if (error instanceof ArchiveError || error instanceof StoreError) {
    keysOfDamage.set(error, key);
  }
  return error;
};
const damagedKey = (error: unknown): string | undefined => (error instanceof Object ? keysOfDamage.get(error) : undefined);

// A mark that cannot be written is no fault of the backup: the next inspection reads it again.
const remember = async (rotation: Rotation, record: Known, standing: Standing, objects: number): Promise<void> => {
  const { repository, context, signer } = rotation;
  const time = context.now().toISOString();
  const verdict = { Passed: 'Passed', Failed: 'Failed', Unfinished: 'Inconclusive', Never: 'Inconclusive' } as const;
  const { sinceTime = time, read = 0, verifiedTime, damaged } = standing;
  const mark: VerificationMark = {
    schema: 'holdfast.dev/verification/v1',
    minReader: 1,
    repositoryId: repository.repositoryId,
    key: verificationKey(record.id, time),
    backupId: record.id,
    level: 'L1',
    verdict: verdict[standing.state],
    sinceTime,
    time,
    ...(verifiedTime === undefined ? {} : { verifiedTime }),
    manifestSha256: record.sha256,
    objects,
    read,
    ...(damaged === undefined ? {} : { damaged: { key: damaged.key, code: damaged.code } }),
  };
  await writeMark(repository.store, mark, signer).catch((error: unknown) =>
    context.log.warn('Could not write down what was verified; it will be read again', { backupId: record.id, error }),
  );
};
