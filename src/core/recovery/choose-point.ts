// From a point in time to the backup to start from and the WAL to replay; or why the point cannot be reached. Exact or refused, never something near it.
import { lsnBytes, lsnText } from '../../api/lsn.ts';
import type { ComponentEntry, Manifest } from '../../api/stored/backup.ts';
import { chainOf, chooseLatest } from './choose.ts';
import type { Catalogue, Chosen, Needed } from './choose.ts';
import { componentOf, hasPhysical } from './known-backup.ts';
import { outsideWindow, pointText } from './outside-window.ts';
import { refusal } from './refusal.ts';
import { waysTo } from './ways-to.ts';
import type { SourceWay } from './ways-to.ts';
import type { Refusal } from './refusal.ts';
import { replayOf } from './replay.ts';
import type { Replay } from './replay.ts';
import { earliestOf, latestOf, lineageOfBackup, waysOf } from './wal-source.ts';
import type { TimedBase, WalSource, Way } from './wal-source.ts';
import type { Point, Wish } from './wish.ts';

export type ChosenPoint = Chosen & { replay: Replay };
export type WalPoint = Exclude<Point, { kind: 'backup' }>;

const batch = 16;
const hourMilliseconds = 3_600_000;

export const choosePoint = (
  catalogue: Catalogue,
  name: string,
  sources: readonly WalSource[],
  { base: wanted, timeline, upTo }: Pick<Wish, 'base' | 'timeline' | 'upTo'>,
  point: WalPoint,
): ChosenPoint | Needed | Refusal => {
  const notes: string[] = [];
  const ways = allWays(catalogue, name, sources).flatMap((each) => cutAt(each, upTo));
  for (const { source, way } of waysTo(ways, point, timeline)) {
    if ((wanted === undefined || way.base.backupId === wanted) && reaches(way, point)) {
      const chain = chainFrom(catalogue, way, name);
      if (chain.kind === 'need') {
        return chain;
      }
      if (chain.kind === 'chosen') {
        const { lineageId } = source;
        const older = point.kind === 'latest' && source !== sources.at(-1) ? [otherHistory] : [];
        return { ...chain, notes: [...older, ...notes, ...chain.notes], replay: replayOf(lineageId, way, point) };
      }
      notes.push(`${way.base.backupId} was passed over: ${chain.message}`);
    }
  }
  const unread = unreadIds(catalogue, wanted, point);
  return unread.length > 0 ? { kind: 'need', ids: unread } : refused(catalogue, name, sources, { wanted, timeline }, point);
};

// Newest lineage first: after a restore, it is the one that lives.
const allWays = (catalogue: Catalogue, name: string, sources: readonly WalSource[]): SourceWay[] =>
  sources.toReversed().flatMap((source) => waysOf(source, basesOf(catalogue, name, sources, source)).map((way) => ({ source, way })));

// The way as it was when it ended at `upTo`; none where it does not come so far any more.
const cutAt = <W extends { way: Way }>(each: W, upTo: bigint | undefined): W[] => {
  const { way } = each;
  if (upTo === undefined) {
    return [each];
  }
  return way.to < upTo ? [] : [{ ...each, way: { ...way, to: upTo, marks: way.marks.filter(({ lsn }) => lsn <= upTo) } }];
};

const otherHistory =
  'No whole backup leads into the WAL that the server writes now: this is the end of what was archived before the server was set back or replaced.';

type Physical = { manifest: Manifest; component: ComponentEntry };

const physicalOf = (catalogue: Catalogue, name: string): Physical[] =>
  catalogue.known
    .values()
    .flatMap((backup) => {
      const component = componentOf(backup, name);
      return backup.manifest === undefined || component === undefined || !hasPhysical(component)
        ? []
        : [{ manifest: backup.manifest, component }];
    })
    .toArray();

const basesOf = (catalogue: Catalogue, name: string, sources: readonly WalSource[], source: WalSource): TimedBase[] =>
  physicalOf(catalogue, name).flatMap(({ manifest, component }) => {
    const { postgresql } = component.facts;
    return postgresql?.stopLsn === undefined ||
      postgresql.timeline === undefined ||
      lineageOfBackup(sources, postgresql.systemIdentifier, component.endTime) !== source
      ? []
      : [
          {
            backupId: manifest.backupId,
            timeline: postgresql.timeline,
            stop: lsnBytes(postgresql.stopLsn),
            ...(postgresql.commitsUntil === undefined ? {} : { commitsUntil: Date.parse(postgresql.commitsUntil) }),
          },
        ];
  });

// Whether the point lies on the way, at or behind the end of its backup.
const reaches = (way: Way, point: WalPoint): boolean => {
  switch (point.kind) {
    case 'latest':
    case 'name':
      return true;
    case 'lsn':
      return point.lsn >= way.base.stop && point.lsn <= way.to;
    case 'time': {
      const [earliest, latest] = [earliestOf(way), latestOf(way)];
      return earliest !== undefined && latest !== undefined && earliest * 1000 <= point.micros && point.micros <= latest * 1000;
    }
  }
};

const chainFrom = (catalogue: Catalogue, { base }: Way, name: string): Chosen | Needed | Refusal => {
  const found = physicalOf(catalogue, name).find(({ manifest }) => manifest.backupId === base.backupId) as Physical;
  return chainOf(catalogue, found, []);
};

// The newest first. One whose slot lies behind an instant cannot lead to it; clocks may differ by an hour.
const unreadIds = ({ ids, known }: Catalogue, wanted: string | undefined, point: WalPoint): string[] => {
  const unread = ids.filter((id) => !known.has(id) && (wanted === undefined || id === wanted));
  const before = point.kind === 'time' ? unread.filter((id) => slotOf(id) <= point.micros / 1000 + hourMilliseconds) : unread;
  return (before.length > 0 ? before : unread).slice(0, batch);
};

const slotOf = (id: string): number => {
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z-/.exec(id) ?? [];
  return year === undefined ? 0 : Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
};

// The newest point of all: the end of the WAL, or of a backup that was taken behind it.
export const chooseNewest = (
  catalogue: Catalogue,
  name: string,
  sources: readonly WalSource[],
  wish: Pick<Wish, 'base' | 'timeline' | 'upTo'>,
): Chosen | ChosenPoint | Needed | Refusal => {
  const byWal = sources.length === 0 ? undefined : choosePoint(catalogue, name, sources, wish, { kind: 'latest' });
  if (byWal?.kind === 'need') {
    return byWal;
  }
  if (byWal?.kind === 'chosen' && (wish.base !== undefined || !isBehind(catalogue, name, byWal))) {
    return byWal;
  }
  if (byWal?.kind === 'refusal' && (wish.base !== undefined || wish.timeline !== undefined)) {
    return byWal;
  }
  const newest = chooseLatest(catalogue, name, 'physical');
  return newest.kind === 'chosen' && byWal !== undefined
    ? { ...newest, notes: [...newest.notes, 'The WAL archive does not go on from the end of this backup: it ends there.'] }
    : newest;
};

// Whether a newer backup holds more than that WAL, or may: one that cannot be read was begun behind its end.
const isBehind = (catalogue: Catalogue, name: string, { replay, chain }: ChosenPoint): boolean => {
  const [id = ''] = catalogue.ids;
  const newest = catalogue.known.get(id);
  const facts = newest === undefined ? undefined : componentOf(newest, name)?.facts.postgresql;
  if (newest?.wrong !== undefined) {
    return slotOf(id) > (replay.latestMilliseconds ?? Number.NEGATIVE_INFINITY);
  }
  return (
    facts?.stopLsn !== undefined &&
    facts.systemIdentifier === chain.at(-1)?.component.facts.postgresql?.systemIdentifier &&
    facts.timeline === replay.timeline &&
    lsnBytes(facts.stopLsn) > replay.to
  );
};

type Asked = { wanted: string | undefined; timeline: number | undefined };

const refused = (
  catalogue: Catalogue,
  name: string,
  sources: readonly WalSource[],
  { wanted, timeline }: Asked,
  point: WalPoint,
): Refusal => {
  if (wanted !== undefined && !catalogue.ids.includes(wanted)) {
    return refusal('BackupNotFound', `There is no backup ${wanted} in this store.`, { options: { base: undefined } });
  }
  const ways = allWays(catalogue, name, sources);
  if ((wanted !== undefined || timeline !== undefined) && waysTo(ways, point, undefined).some(({ way }) => reaches(way, point))) {
    return onlyElsewhere(point, { wanted, timeline });
  }
  return outsideWindow(
    point,
    ways.map(({ way }) => way),
    sources,
    [...catalogue.known.values()].flatMap(({ id, wrong }) => (wrong === undefined ? [] : [`${id}: ${wrong.message}`])),
  );
};

// What was said besides is what stands in the way.
const onlyElsewhere = (point: WalPoint, { wanted, timeline }: Asked): Refusal => {
  const said = [
    ...(timeline === undefined ? [] : [`on timeline ${timeline}`]),
    ...(wanted === undefined ? [] : [`from the backup ${wanted}`]),
  ];
  const without = { ...(timeline === undefined ? {} : { timeline: undefined }), ...(wanted === undefined ? {} : { base: undefined }) };
  return refusal('PointOutsideWindow', `${pointText(point)} can be reached, but not ${said.join(' ')}.`, { options: without });
};

// For words: `LSN 0/3000028 of timeline 1`.
export const placeText = (lsn: bigint, timeline: number): string => `LSN ${lsnText(lsn)} of timeline ${timeline}`;
