// A large repository in few requests: which manifests are there, and what the newest snapshot says of them.
import type { DamagedObject, InspectPlan } from '../../api/agent.ts';
import type { VerificationMark } from '../../api/stored/mark.ts';
import type { ObjectInfo, Store } from '../../stores/store.ts';
import type { AgentContext } from '../context.ts';
import { inOrder } from '../in-order.ts';
import { backupIdOf, catalogPrefix, manifestKey, manifestsPrefix, marksOfBackup, verifiedBackup, writersPrefix } from '../layout.ts';
import type { Verifiers } from '../signing/keys.ts';
import { readEpochs } from './epochs.ts';
import { judgeManifest, judgePresence, judgeRecord } from './judge.ts';
import type { Judged, Repository } from './judge.ts';
import { readMarks } from './marks.ts';
import type { Marks } from './marks.ts';
import { newestSnapshot, recordFrom } from './newest-snapshot.ts';
import { listInSlices } from './slices.ts';
import { standingsOf } from './standing.ts';
import type { Standing } from './standing.ts';

// With fewer, every manifest is read and every object looked for.
const leastRecords = 256;
const atOnce = 16;

export type Quick = { judged: Judged[]; standings: Map<string, Standing>; time: string; damaged: DamagedObject[] };

// Undefined: there is no snapshot of a large repository.
export const readQuickly = async (
  plan: InspectPlan,
  store: Store,
  repositoryId: string,
  verifiers: Verifiers,
  context: AgentContext,
): Promise<Quick | undefined> => {
  const [snapshots, writers] = await Promise.all([gather(store, catalogPrefix), gather(store, writersPrefix)]);
  const { snapshot, damaged } = await newestSnapshot(store, snapshots.toReversed(), repositoryId, verifiers, context);
  if (snapshot === undefined || snapshot.records.size < leastRecords) {
    return undefined;
  }
  const [epochs, manifests] = await Promise.all([
    readEpochs(
      store,
      writers.map(({ key }) => key),
      repositoryId,
      verifiers,
    ),
    listInSlices(store, manifestsPrefix, [...snapshot.records.keys()].map(manifestKey)),
  ]);
  const repository: Repository = { store, repositoryId, policy: plan.policy, verifiers, epochs };
  const judge = async (object: ObjectInfo): Promise<Judged[]> => {
    const id = backupIdOf(object.key);
    if (id === undefined) {
      return [];
    }
    const record = recordFrom(snapshot, id, object);
    // What the snapshot does not speak for is looked for object by object.
    return [
      record === undefined
        ? await judgePresence(store, await judgeManifest(repository, id, object, context.cache), new Map())
        : judgeRecord(repository, record),
    ];
  };
  const judged: Judged[] = [];
  for await (const each of inOrder(manifests, atOnce, judge)) {
    judged.push(...each);
  }
  const marks = await marksOf(repository, judged);
  return {
    judged,
    standings: standingsOf(judged, marks.byBackup, false),
    time: snapshot.time,
    damaged: [...epochs.damaged, ...damaged, ...marks.damaged],
  };
};

// Of what the snapshot speaks for, its own; of the others, the newest in the store.
const marksOf = async ({ store, repositoryId, verifiers }: Repository, judged: readonly Judged[]): Promise<Marks> => {
  const unnamed = judged.filter(({ fromSnapshot, record }) => fromSnapshot !== true && record !== undefined);
  const objects = new Map<string, ObjectInfo>();
  const newestOf = async ({ id }: Judged) => ({ id, newest: (await gather(store, marksOfBackup(id))).at(-1) });
  for await (const { id, newest } of inOrder(unnamed, atOnce, newestOf)) {
    if (newest !== undefined && verifiedBackup(newest.key) === id) {
      objects.set(id, newest);
    }
  }
  const marks = await readMarks(store, objects, undefined, repositoryId, verifiers);
  for (const { id, record, fromSnapshot } of judged) {
    const content = fromSnapshot === true ? record?.mark?.content : undefined;
    if (content !== undefined) {
      marks.byBackup.set(id, content as VerificationMark);
    }
  }
  return marks;
};

const gather = async (store: Store, prefix: string): Promise<ObjectInfo[]> => {
  const found: ObjectInfo[] = [];
  for await (const object of store.list(prefix)) {
    found.push(object);
  }
  return found;
};
