// The verb `inspect`: what one tier really holds. Every manifest is read and its signature checked, every object that it names looked for (level L0), and
// a share of the stored bytes read again (level L1).
import { readFile } from 'node:fs/promises';
import type { EntryLine, InspectFacts, InspectPlan } from '../api/agent.ts';
import type { VerificationMark } from '../api/stored/mark.ts';
import { unchained } from '../core/plan/chain.ts';
import type { ObjectInfo, Store } from '../stores/store.ts';
import type { AgentContext } from './context.ts';
import { ArchiveError } from './errors.ts';
import { inOrder } from './in-order.ts';
import { keysUnder } from './keys-under.ts';
import { findAbandoned } from './inspection/abandoned.ts';
import { currentWriter, damagedRepository, readEpochs } from './inspection/epochs.ts';
import { damagedFacts, spaceFacts, verifiedFacts } from './inspection/facts.ts';
import { adviceOn, judgeManifest, judgeOne, judgePresence, judgeRecord } from './inspection/judge.ts';
import type { Judged, Repository } from './inspection/judge.ts';
import { readListing } from './inspection/listing.ts';
import type { Listing } from './inspection/listing.ts';
import { readMarks } from './inspection/marks.ts';
import { newestSnapshot, recordFrom } from './inspection/newest-snapshot.ts';
import { readAgain } from './inspection/read-again.ts';
import { readQuickly } from './inspection/quick.ts';
import { describeRecord } from './inspection/record.ts';
import type { Known } from './inspection/record.ts';
import type { Standing } from './inspection/standing.ts';
import { standingsOf } from './inspection/standing.ts';
import type { Snapshot } from './inspection/snapshot.ts';
import { passedIds, reportWindows } from './inspection/windows.ts';
import { readWal } from './inspection/wal.ts';
import type { WalFound } from './inspection/wal.ts';
import { verifyInRotation } from './inspection/verify.ts';
import type { Verified } from './inspection/verify.ts';
import { writeSnapshot } from './inspection/write-snapshot.ts';
import { damagedKit } from './kit/kit.ts';
import { logsPrefix, manifestKey, manifestsPrefix, writersPrefix } from './layout.ts';
import { findRepository } from './repository.ts';
import { readListedSigner, readVerifiers } from './signing/keys.ts';
import type { Signer, Verifiers } from './signing/keys.ts';
import { largestDocumentBytes } from './small-objects.ts';

// Together at most 16 requests at a time.
const manifestsAtOnce = 16;
const objectsAtOnce = 16;

export type InspectOutcome = InspectFacts;

export const inspect = async (plan: InspectPlan, context: AgentContext): Promise<InspectOutcome> => {
  const store = await context.openStore(plan.tier.location);
  try {
    if (plan.logsOf !== undefined) {
      await printLogs(store, plan.logsOf, context);
      return {};
    }
    return plan.backupId === undefined ? await inspectAll(plan, store, context) : await inspectOne(plan, store, plan.backupId, context);
  } finally {
    await store.close();
  }
};

const inspectAll = async (plan: InspectPlan, store: Store, context: AgentContext): Promise<InspectOutcome> => {
  const verifiers = readVerifiers(plan.verificationKeys);
  const found = await findRepository(store);
  if (found === undefined) {
    await refuseBeheaded(store);
    return { backups: 0, refused: 0 };
  }
  const { repositoryId } = found;
  if (plan.thorough !== true && plan.verification === undefined) {
    const quick = await context.step('read snapshot', () => readQuickly(plan, store, repositoryId, verifiers, context));
    if (quick !== undefined) {
      return { repositoryId, ...report(plan, quick.judged, quick.standings, context, quick.time), ...damagedFacts(quick.damaged) };
    }
  }
  const time = context.now().toISOString();
  const listing = await context.step('list objects', () => readListing(store, context.signal));
  const epochs = await context.step('read writers', () => readEpochs(store, listing.writers, repositoryId, verifiers));
  const repository: Repository = { store, repositoryId, ...readersOf(plan), verifiers, epochs };
  const { snapshot, damaged } = await newestSnapshot(store, listing.snapshots, repositoryId, verifiers, context);
  const judged = await context.step('read catalogue', () => judgeAll(plan, repository, listing, snapshot, context));
  const marks = await context.step('read marks', () => readMarks(store, listing.marks, snapshot, repositoryId, verifiers));
  const wal = await context.step('read WAL index', () => readWal({ ...context, store, listing, repositoryId, verifiers }));
  const writer = currentWriter(epochs, plan);
  const signer = writer?.ours === true ? await signerOf(plan, verifiers) : undefined;
  const known = { repository, marks: marks.byBackup, context };
  const verified = await context.step('verify', () => verify(plan, known, judged, signer));
  if (signer !== undefined) {
    const before = snapshot === undefined ? {} : { before: snapshot };
    const { standings } = verified;
    await writeSnapshot({ repository, listing, judged, standings, marks: marks.byBackup, time, ...before }, signer, context);
  }
  return {
    repositoryId,
    ...reportAll(plan, judged, verified.standings, wal, context),
    ...(writer === undefined ? {} : { writer }),
    stored: listing.stored,
    ...(await spaceFacts(store, context.now(), context.log)),
    abandoned: findAbandoned(listing.objects, judged, context.now().getTime()),
    ...verifiedFacts(verified),
    ...damagedFacts([
      ...damagedRepository(epochs, found.sha256),
      ...epochs.damaged,
      ...damaged,
      ...marks.damaged,
      ...wal.damaged,
      ...(await damagedKit(store, listing.kit, plan.thorough === true)),
    ]),
  };
};

// Whose backups are believed.
const readersOf = ({ policy, reads }: InspectPlan): Pick<Repository, 'policy' | 'reads'> => ({
  policy,
  ...(reads === undefined ? {} : { reads }),
});

// Only the writer of the repository writes down what it found; whoever else looks has no key.
const signerOf = async ({ verification }: InspectPlan, verifiers: Verifiers): Promise<Signer | undefined> =>
  verification === undefined ? undefined : readListedSigner(await readFile(verification.signingKeyFile, 'utf8'), verifiers);

// Manifests without holdfast.json are no empty place: nobody shall take them for one.
const refuseBeheaded = async (store: Store): Promise<void> => {
  for await (const { key } of store.list(manifestsPrefix)) {
    throw new ArchiveError(
      'NotARepository',
      `${store.description} holds ${key}, but no holdfast.json: somebody removed it. It is the same on every tier: copy it back from another one.`,
    );
  }
};

// Every manifest, read or taken from the snapshot, and every object that it names.
const judgeAll = async (
  plan: InspectPlan,
  repository: Repository,
  listing: Listing,
  snapshot: Snapshot | undefined,
  { signal, now }: AgentContext,
): Promise<Judged[]> => {
  const reads = new Set(readAgain(listing.manifests.length, plan.verification === undefined ? undefined : now().getTime()));
  const judge = async ({ id, object, index }: { id: string; object: ObjectInfo; index: number }): Promise<Judged> => {
    const taken = reads.has(index) ? undefined : completeRecord(recordFrom(snapshot, id, object), listing);
    const judged = taken === undefined ? await judgeManifest(repository, id, object) : judgeRecord(repository, taken);
    return judgePresence(repository.store, judged, listing.objects);
  };
  const judged: Judged[] = [];
  const manifests = listing.manifests.map((manifest, index) => ({ ...manifest, index }));
  for await (const each of inOrder(manifests, manifestsAtOnce, judge)) {
    signal.throwIfAborted();
    judged.push(each);
  }
  return judged;
};

// Records of older releases do not say where WAL goes on; where there is WAL, the manifest is read instead.
const completeRecord = (record: Known | undefined, { walDocuments }: Listing): Known | undefined =>
  walDocuments.length > 0 && record?.components.some(({ base }) => base === undefined) === true ? undefined : record;

type KnownOf = { repository: Repository; marks: ReadonlyMap<string, VerificationMark>; context: AgentContext };

const verify = async (plan: InspectPlan, known: KnownOf, judged: readonly Judged[], signer: Signer | undefined): Promise<Verified> => {
  const { verification } = plan;
  if (verification === undefined || signer === undefined) {
    return { standings: standingsOf(judged, known.marks, verification?.readBack === true), readBytes: 0 };
  }
  return verifyInRotation({ ...known, plan: verification, signer }, judged);
};

// The entries, and what WAL leads to from those that passed.
const reportAll = (
  plan: InspectPlan,
  judged: readonly Judged[],
  standings: ReadonlyMap<string, Standing>,
  wal: WalFound,
  context: AgentContext,
) => ({
  ...report(plan, judged, standings, context),
  ...reportWindows(plan.tier.name, wal, judged, passedIds(entriesOf(plan, judged, standings)), context),
});

const entriesOf = ({ tier }: InspectPlan, judged: readonly Judged[], standings: ReadonlyMap<string, Standing>): EntryLine[] =>
  withChains(judged.map((each) => entryOf(tier.name, each, standings.get(each.id))));

const report = (
  plan: InspectPlan,
  judged: readonly Judged[],
  standings: ReadonlyMap<string, Standing>,
  { report: print }: AgentContext,
  snapshotTime?: string,
) => {
  const counts = { backups: 0, refused: 0 };
  const entries = entriesOf(plan, judged, standings);
  for (const [index, entry] of entries.entries()) {
    const checkedTime = judged[index]?.fromSnapshot === true && snapshotTime !== undefined ? { checkedTime: snapshotTime } : {};
    print({ ...entry, ...checkedTime });
    counts[entry.verdict === 'Passed' ? 'backups' : 'refused'] += 1;
  }
  return counts;
};

// What was found damaged stays so until it was read again and matched.
const entryOf = (tier: string, { id, record, verdict, code, message }: Judged, standing?: Standing): EntryLine => {
  const described = describeRecord(tier, id, record);
  const verifiedTime = standing?.verifiedTime === undefined ? {} : { verifiedTime: standing.verifiedTime };
  if (verdict === 'Passed' && standing?.state === 'Failed') {
    const { damaged } = standing;
    const what = damaged.message ?? `The bytes of ${damaged.key} are not those that were stored: that was found when they were read again.`;
    return { ...described, verdict: 'Failed', code: damaged.code, message: `${what}${adviceOn(id)}`, ...verifiedTime };
  }
  return {
    ...described,
    verdict,
    ...(code === undefined ? {} : { code }),
    ...(message === undefined ? {} : { message }),
    ...(verdict === 'Passed' ? verifiedTime : {}),
  };
};

// One that passed by itself, and whose chain did not, does not pass.
const withChains = (entries: readonly EntryLine[]): EntryLine[] => {
  const broken = unchained(entries);
  return entries.map((entry) => ({ ...entry, ...broken.get(entry.backupId) }));
};

// One backup by itself: whether it is sealed.
const inspectOne = async (plan: InspectPlan, store: Store, id: string, context: AgentContext): Promise<InspectOutcome> => {
  const verifiers = readVerifiers(plan.verificationKeys);
  const found = await findRepository(store);
  if (found === undefined) {
    return { backups: 0, refused: 0 };
  }
  const { repositoryId } = found;
  if ((await store.head(manifestKey(id))) === undefined) {
    return { repositoryId, backups: 0, refused: 0 };
  }
  return context.step('read backup', async () => {
    const entry = await inspectBackup(store, plan, id, repositoryId, verifiers);
    context.report(entry);
    return { repositoryId, backups: entry.verdict === 'Passed' ? 1 : 0, refused: entry.verdict === 'Passed' ? 0 : 1 };
  });
};

// One backup, judged with all that it builds on.
export const inspectBackup = async (
  store: Store,
  plan: InspectPlan,
  id: string,
  repositoryId: string,
  verifiers: Repository['verifiers'],
): Promise<EntryLine> => {
  const epochs = await readEpochs(store, await keysUnder(store, writersPrefix), repositoryId, verifiers);
  const repository: Repository = { store, repositoryId, ...readersOf(plan), verifiers, epochs };
  const entries: EntryLine[] = [];
  const judge = async (each: string): Promise<void> => {
    const entry = entryOf(plan.tier.name, await judgeOne(repository, each, objectsAtOnce));
    entries.push(entry);
    for (const parent of new Set(entry.components.flatMap((component) => component.parent ?? []))) {
      if (!entries.some(({ backupId }) => backupId === parent) && (await store.head(manifestKey(parent))) !== undefined) {
        await judge(parent);
      }
    }
  };
  await judge(id);
  return withChains(entries)[0] as EntryLine;
};

// Prints the stored logs of a backup, oldest first.
const printLogs = async (store: Store, backupId: string, context: AgentContext): Promise<void> => {
  for await (const { key } of store.list(logsPrefix(backupId))) {
    const text = (await store.get(key, largestDocumentBytes)).toString('utf8');
    for (const line of text.split('\n').filter((each) => each !== '')) {
      context.report({ kind: 'stored-log', object: key, line });
    }
  }
};
