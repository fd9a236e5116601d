// Which backups, and which WAL behind them, lead to the wished point. Throws RecoveryRefused.
import { lsnBytes } from '../../api/lsn.ts';
import { chooseLatest, chooseNamed } from '../../core/recovery/choose.ts';
import type { Chosen } from '../../core/recovery/choose.ts';
import { chooseNewest, choosePoint } from '../../core/recovery/choose-point.ts';
import type { ChosenPoint } from '../../core/recovery/choose-point.ts';
import { nameComponent } from '../../core/recovery/component.ts';
import { componentOf } from '../../core/recovery/known-backup.ts';
import { refusal } from '../../core/recovery/refusal.ts';
import type { Refusal } from '../../core/recovery/refusal.ts';
import type { Wish } from '../../core/recovery/wish.ts';
import type { Lineage } from '../wal/read-lineage.ts';
import { accepted, RecoveryRefused } from './refused.ts';
import { readWalSources } from './replay/read-sources.ts';
import { chooseFrom, readBackups } from './source.ts';
import type { Source } from './source.ts';

// `lineage`: whose WAL is replayed.
export type ChosenBackups = { chosen: Chosen | ChosenPoint; lineage?: Lineage };

export const chooseBackups = async (source: Source, wish: Wish): Promise<ChosenBackups> => {
  const { point, form } = wish;
  // The newest one tells which components there are; a named one must be read anyway.
  const first = point.kind === 'backup' ? point.id : source.ids[0];
  await readBackups(source, first !== undefined && source.ids.includes(first) ? [first] : []);
  const named = nameComponent([...source.known.values()], wish.component);
  if (!('name' in named)) {
    throw new RecoveryRefused(named);
  }
  const backup = point.kind === 'backup' ? point.id : await endOfItsBase(source, wish, named.name);
  if (point.kind === 'backup' || backup !== undefined) {
    const id = backup ?? (point.kind === 'backup' ? point.id : '');
    return { chosen: accepted(await chooseFrom(source, (catalogue) => chooseNamed(catalogue, id, named.name, form))) };
  }
  if (form === 'logical') {
    return point.kind === 'latest'
      ? { chosen: accepted(await chooseFrom(source, (catalogue) => chooseLatest(catalogue, named.name, form))) }
      : Promise.reject(new RecoveryRefused(onlyPhysical));
  }
  const { sources, lineages } = await readWalSources(source, named.name);
  if (sources.length === 0 && point.kind !== 'latest') {
    throw new RecoveryRefused(await withoutWal(source, named.name));
  }
  const chosen = accepted(
    await chooseFrom(source, (catalogue) =>
      point.kind === 'latest'
        ? chooseNewest(catalogue, named.name, sources, wish)
        : choosePoint(catalogue, named.name, sources, wish, point),
    ),
  );
  const { replay } = chosen as Partial<ChosenPoint>;
  const lineage = replay === undefined ? undefined : lineages.get(replay.lineageId);
  return { chosen, ...(lineage === undefined ? {} : { lineage }) };
};

// The base itself, where what was the newest point is its end.
const endOfItsBase = async (source: Source, { base, upTo }: Wish, name: string): Promise<string | undefined> => {
  if (base === undefined || upTo === undefined || !source.ids.includes(base)) {
    return undefined;
  }
  await readBackups(source, [base]);
  const known = source.known.get(base);
  const stop = known === undefined ? undefined : componentOf(known, name)?.facts.postgresql?.stopLsn;
  return stop !== undefined && lsnBytes(stop) === upTo ? base : undefined;
};

const onlyPhysical = refusal('PointOutsideWindow', 'Dumps have the time at which they were taken, and no other.', {
  options: { into: undefined, to: '<a new folder>' },
  act: 'recovers the whole server to that point beside the old one; take the tables that you need from there',
});

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
    newest === undefined
      ? { act: 'Use another tier: the same command with its location after --from.' }
      : { options: { backup: newest.id } },
  );
};
