// Everything that a recovery looks at before it reads the first byte: the backups, their keys, their objects, the room. It ends with a plan, or is refused.
import type { Link } from '../../core/recovery/choose.ts';
import type { DumpStep } from '../../core/recovery/dumps.ts';
import { planRecovery } from '../../core/recovery/plan.ts';
import type { Facts, RecoveryPlan, Target } from '../../core/recovery/plan.ts';
import type { Wish } from '../../core/recovery/wish.ts';
import { ArchiveError } from '../errors.ts';
import { inOrder } from '../in-order.ts';
import { checkPresence, componentObjects } from '../manifest-objects.ts';
import { chooseBackups } from './choose-backups.ts';
import { openAttemptKey } from './keys.ts';
import type { OpenLink } from './open-link.ts';
import { rawBytesOf } from './raw-bytes.ts';
import { accepted } from './refused.ts';
import { prepareReplay } from './replay/prepare-replay.ts';
import type { ReplayTools } from './replay/prepare-replay.ts';
import { usedTimelines } from './replay/used-timelines.ts';
import type { UsedTimelines } from './replay/used-timelines.ts';
import type { Source } from './source.ts';

const linksAtOnce = 8;

// `dumps`: where a server is the target.
// `replay`: where WAL is replayed behind the backup.
export type Prepared = {
  plan: RecoveryPlan;
  chain: OpenLink[];
  dumps: DumpStep[];
  replay?: ReplayTools;
  usedTimelines: UsedTimelines;
};

export const prepare = async (
  source: Source,
  wish: Wish,
  look: (last: Link) => Promise<Target>,
  identities: readonly string[] | undefined,
  signal: AbortSignal,
  programs?: string,
): Promise<Prepared> => {
  const { chosen, lineage } = await chooseBackups(source, wish);
  const last = chosen.chain.at(-1) as Link;
  const target = await look(last);
  const [{ closed, chain }, missing, replaying] = await Promise.all([
    openKeys(source, chosen.chain, identities),
    missingObjects(source, chosen.chain),
    'replay' in chosen && lineage !== undefined
      ? prepareReplay({ source, replay: chosen.replay, lineage, last, identities, programs })
      : undefined,
  ]);
  const facts: Facts = {
    repositoryId: source.repositoryId,
    form: wish.form,
    chain,
    notes: chosen.notes,
    ids: source.ids,
    missing,
    ...(identities === undefined ? {} : { closed }),
    ...(await spaceOf(source, chain, wish, signal)),
    ...libcHere(),
    ...(replaying === undefined ? {} : { replay: replaying.facts }),
    target,
  };
  return {
    plan: accepted(planRecovery(facts)),
    chain,
    dumps: target.kind === 'server' ? target.dumps : [],
    usedTimelines: usedTimelines(source, chain.at(-1)?.component.name ?? ''),
    ...(replaying?.tools === undefined ? {} : { replay: replaying.tools }),
  };
};

// Node knows which GNU C library it runs on. It would look up the names of open connections, too.
const libcHere = (): { libc?: string } => {
  Object.assign(process.report, { excludeNetwork: true });
  const { header } = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  return header?.glibcVersionRuntime === undefined ? {} : { libc: header.glibcVersionRuntime };
};

type Opened = { chain: OpenLink[]; closed: Facts['missing'] };

const openKeys = async (source: Source, chain: readonly Link[], identities: readonly string[] | undefined): Promise<Opened> => {
  const opened: Opened = { chain: [], closed: [] };
  for await (const { link, closed } of inOrder(chain, linksAtOnce, (each) => openKey(source, each, identities))) {
    opened.chain.push(link);
    opened.closed.push(...closed);
  }
  return opened;
};

const openKey = async (
  { store }: Source,
  link: Link,
  identities: readonly string[] | undefined,
): Promise<{ link: OpenLink; closed: Facts['missing'] }> => {
  try {
    return {
      link: identities === undefined ? link : { ...link, identity: await openAttemptKey(store, link.component, identities) },
      closed: [],
    };
  } catch (error) {
    if (!(error instanceof ArchiveError)) {
      throw error;
    }
    return { link, closed: [{ backupId: link.manifest.backupId, message: error.message }] };
  }
};

const missingObjects = async ({ store }: Source, chain: readonly Link[]): Promise<Facts['missing']> => {
  for (const { manifest, component } of chain) {
    try {
      await checkPresence(store, componentObjects(component));
    } catch (error) {
      if (!(error instanceof ArchiveError)) {
        throw error;
      }
      return [{ backupId: manifest.backupId, message: error.message }];
    }
  }
  return [];
};

const spaceOf = async (
  { store }: Source,
  chain: readonly OpenLink[],
  { form }: Wish,
  signal: AbortSignal,
): Promise<{ rawBytes?: number }> => {
  const rawBytes = form === 'physical' ? await rawBytesOf(store, chain, signal) : undefined;
  return rawBytes === undefined ? {} : { rawBytes };
};
