// The verb `inspect`: what one tier really holds. Every manifest is read and its signature checked, every object that it names looked for (level L0), and
// a share of the stored bytes read again (level L1).
import { readFile } from 'node:fs/promises';
import type { EntryLine, InspectFacts, InspectPlan } from '../api/agent.ts';
import type { VerificationMark } from '../api/stored/mark.ts';
import type { Store } from '../stores/store.ts';
import type { AgentContext } from './context.ts';
import { ArchiveError } from './errors.ts';
import { inOrder } from './in-order.ts';
import { findAbandoned } from './inspection/abandoned.ts';
import { currentWriter, readEpochs } from './inspection/epochs.ts';
import { damagedFacts, spaceFacts, verifiedFacts } from './inspection/facts.ts';
import { adviceOn, judgeManifest, judgeOne, judgePresence } from './inspection/judge.ts';
import type { Judged, Repository } from './inspection/judge.ts';
import { readListing } from './inspection/listing.ts';
import type { Listing } from './inspection/listing.ts';
import { readMarks } from './inspection/marks.ts';
import { describeRecord } from './inspection/record.ts';
import type { Standing } from './inspection/standing.ts';
import { standingOf } from './inspection/standing.ts';
import { verifyInRotation } from './inspection/verify.ts';
import type { Verified } from './inspection/verify.ts';
import { logsPrefix, manifestKey, manifestsPrefix, writersPrefix } from './layout.ts';
import { findRepository } from './repository.ts';
import { readListedSigner, readVerifiers } from './signing/keys.ts';
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
  const listing = await context.step('list objects', () => readListing(store, context.signal));
  const epochs = await context.step('read writers', () => readEpochs(store, listing.writers, repositoryId, verifiers));
  const repository: Repository = { store, repositoryId, policy: plan.policy, verifiers, epochs };
  const judged = await context.step('read catalogue', () => judgeAll(repository, listing, context));
  const marks = await context.step('read marks', () => readMarks(store, listing.marks.values(), repositoryId, verifiers));
  const writer = currentWriter(epochs, plan);
  const verified = await verify(plan, { repository, marks: marks.byBackup, context }, judged, writer?.ours === true);
  const counts = report(plan, judged, verified.standings, context);
  return {
    repositoryId,
    ...counts,
    ...(writer === undefined ? {} : { writer }),
    stored: listing.stored,
    ...(await spaceFacts(store, context.now(), context.log)),
    abandoned: findAbandoned(listing.objects, judged, context.now().getTime()),
    ...verifiedFacts(verified),
    ...damagedFacts([...epochs.damaged, ...marks.damaged]),
  };
};

// Manifests without holdfast.json are no empty place: nobody shall take them for one.
const refuseBeheaded = async (store: Store): Promise<void> => {
  for await (const { key } of store.list(manifestsPrefix)) {
    throw new ArchiveError(
      'NotARepository',
      `${store.description} holds ${key}, but no holdfast.json: somebody removed it. It is the same on every tier: copy it back from another one.`,
    );
  }
};

const judgeAll = async (repository: Repository, listing: Listing, { signal }: AgentContext): Promise<Judged[]> => {
  const judge = async ({ id }: Listing['manifests'][number]): Promise<Judged> =>
    judgePresence(repository.store, await judgeManifest(repository, id), listing.objects);
  const judged: Judged[] = [];
  for await (const each of inOrder(listing.manifests, manifestsAtOnce, judge)) {
    signal.throwIfAborted();
    judged.push(each);
  }
  return judged;
};

type Known = { repository: Repository; marks: ReadonlyMap<string, VerificationMark>; context: AgentContext };

// Only the writer of the repository reads bytes again and writes down what it found; whoever else looks takes its word.
const verify = async (plan: InspectPlan, known: Known, judged: readonly Judged[], writes: boolean): Promise<Verified> => {
  const { verification } = plan;
  if (verification === undefined || !writes) {
    const standings = judged.flatMap(({ id, record }): [string, Standing][] =>
      record === undefined ? [] : [[id, standingOf(record, known.marks.get(id), verification?.readBack === true)]],
    );
    return { standings: new Map(standings), readBytes: 0 };
  }
  const signer = readListedSigner(await readFile(verification.signingKeyFile, 'utf8'), known.repository.verifiers);
  return known.context.step('verify', () => verifyInRotation({ ...known, plan: verification, signer }, judged));
};

const report = (
  plan: InspectPlan,
  judged: readonly Judged[],
  standings: ReadonlyMap<string, Standing>,
  { report: print }: AgentContext,
) => {
  const counts = { backups: 0, refused: 0 };
  for (const each of judged) {
    const entry = entryOf(plan.tier.name, each, standings.get(each.id));
    print(entry);
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

// One backup, judged.
export const inspectBackup = async (
  store: Store,
  plan: InspectPlan,
  id: string,
  repositoryId: string,
  verifiers: Repository['verifiers'],
): Promise<EntryLine> => {
  const writers: string[] = [];
  for await (const { key } of store.list(writersPrefix)) {
    writers.push(key);
  }
  const epochs = await readEpochs(store, writers, repositoryId, verifiers);
  return entryOf(plan.tier.name, await judgeOne({ store, repositoryId, policy: plan.policy, verifiers, epochs }, id, objectsAtOnce));
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
