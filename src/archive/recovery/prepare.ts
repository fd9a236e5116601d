// Everything that a recovery looks at before it reads the first byte: the backups, their keys, their objects, the room. It ends with a plan, or is refused.
import { componentOf } from '../../core/recovery/known-backup.ts';
import { chooseLatest, chooseNamed } from '../../core/recovery/choose.ts';
import type { Chosen, Link } from '../../core/recovery/choose.ts';
import type { DumpStep } from '../../core/recovery/dumps.ts';
import { nameComponent } from '../../core/recovery/component.ts';
import { planRecovery } from '../../core/recovery/plan.ts';
import type { Facts, RecoveryPlan, Target } from '../../core/recovery/plan.ts';
import { refusal } from '../../core/recovery/refusal.ts';
import type { Refusal } from '../../core/recovery/refusal.ts';
import type { Wish } from '../../core/recovery/wish.ts';
import { ArchiveError } from '../errors.ts';
import { checkPresence, componentObjects } from '../manifest-objects.ts';
import { openAttemptKey } from './keys.ts';
import type { OpenLink } from './open-link.ts';
import { rawBytesOf } from './raw-bytes.ts';
import { RecoveryRefused } from './refused.ts';
import { chooseFrom, readBackups } from './source.ts';
import type { Source } from './source.ts';

// `dumps`: where a server is the target.
export type Prepared = { plan: RecoveryPlan; chain: OpenLink[]; dumps: DumpStep[] };

export const prepare = async (
  source: Source,
  wish: Wish,
  look: (last: Link) => Promise<Target>,
  identities: readonly string[] | undefined,
  signal: AbortSignal,
): Promise<Prepared> => {
  const chosen = await choose(source, wish);
  const target = await look(chosen.chain.at(-1) as Link);
  const { closed, chain } = await openKeys(source, chosen.chain, identities);
  const facts: Facts = {
    repositoryId: source.repositoryId,
    form: wish.form,
    chain,
    notes: chosen.notes,
    ids: source.ids,
    missing: await missingObjects(source, chain),
    ...(identities === undefined ? {} : { closed }),
    ...(await spaceOf(source, chain, wish, signal)),
    target,
  };
  return { plan: accepted(planRecovery(facts)), chain, dumps: target.kind === 'server' ? target.dumps : [] };
};

const accepted = <T extends { kind: string }>(answer: T | Refusal): T => {
  if (answer.kind === 'refusal') {
    throw new RecoveryRefused(answer as Refusal);
  }
  return answer as T;
};

const choose = async (source: Source, { component, form, point }: Wish): Promise<Chosen> => {
  // The newest one tells which components there are; a named one must be read anyway.
  const first = point.kind === 'backup' ? point.id : source.ids[0];
  await readBackups(source, first !== undefined && source.ids.includes(first) ? [first] : []);
  const named = nameComponent([...source.known.values()], component);
  if (!('name' in named)) {
    throw new RecoveryRefused(named);
  }
  switch (point.kind) {
    case 'backup':
      return accepted(await chooseFrom(source, (catalogue) => chooseNamed(catalogue, point.id, named.name, form)));
    case 'latest':
      return accepted(await chooseFrom(source, (catalogue) => chooseLatest(catalogue, named.name, form)));
    case 'time':
    case 'lsn':
    case 'name':
      throw new RecoveryRefused(await withoutWal(source, named.name));
  }
};

// Backups alone reach the points at which they ended, and no other.
const withoutWal = async (source: Source, name: string): Promise<Refusal> => {
  await readBackups(source, source.ids.slice(0, 16));
  const ends = source.ids.flatMap((id) => {
    const backup = source.known.get(id);
    const time = backup === undefined ? undefined : componentOf(backup, name)?.facts.restorableTo;
    return time === undefined ? [] : [{ id, time }];
  });
  const [newest] = ends;
  return refusal(
    'PointOutsideWindow',
    `This store holds no WAL of "${name}", so only the ends of its backups can be reached${newest === undefined ? '' : `; the newest one is ${newest.time}`}.`,
    {
      options: { 'to-time': undefined, 'to-lsn': undefined, 'to-name': undefined, ...(newest === undefined ? {} : { backup: newest.id }) },
    },
  );
};

type Opened = { chain: OpenLink[]; closed: Facts['missing'] };

const openKeys = async ({ store }: Source, chain: readonly Link[], identities: readonly string[] | undefined): Promise<Opened> => {
  const opened: Opened = { chain: [], closed: [] };
  for (const link of chain) {
    try {
      opened.chain.push(identities === undefined ? link : { ...link, identity: await openAttemptKey(store, link.component, identities) });
    } catch (error) {
      if (!(error instanceof ArchiveError)) {
        throw error;
      }
      opened.chain.push(link);
      opened.closed.push({ backupId: link.manifest.backupId, message: error.message });
    }
  }
  return opened;
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
