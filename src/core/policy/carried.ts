// How far WAL that came after the newest reading of a tier carries its window on. Never farther than a recovery would go: the same lineage and timeline,
// and no hole between where a backup led to and what is stored by now.
import type { WindowLine, WindowSpan } from '../../api/agent.ts';
import { lsnBytes } from '../../api/lsn.ts';
import type { WalArchiveStatus } from '../../api/wal-status.ts';
import { instantOf, isoTime } from '../plan/time.ts';

type Place = { storedLsn: string; storedTime: number };

// The newest instant that can be recovered from the tier by the WAL of a component. Undefined: the reading alone says.
export const carriedTime = (
  tier: string,
  { component, leadsOn }: WindowLine,
  archives: readonly WalArchiveStatus[],
): number | undefined => {
  const archive = archives.find((each) => each.component === component);
  const place = placeOn(tier, archive);
  const first = instantOf(leadsOn?.from);
  if (leadsOn === undefined || first === undefined || place === undefined || archive?.fromLsn === undefined) {
    return undefined;
  }
  const end = lsnBytes(leadsOn.toLsn);
  const goesOn =
    archive.lineageId === leadsOn.lineageId &&
    archive.timeline === leadsOn.timeline &&
    lsnBytes(archive.fromLsn) <= end &&
    lsnBytes(place.storedLsn) >= end;
  return goesOn && place.storedTime >= first ? place.storedTime : undefined;
};

// The window of a reading with what was stored since.
export const carriedWindow = (tier: string, window: WindowLine, archives: readonly WalArchiveStatus[]): WindowLine => {
  const time = carriedTime(tier, window, archives);
  const { leadsOn, intervals, component } = window;
  const place = placeOn(
    tier,
    archives.find((each) => each.component === component),
  );
  if (time === undefined || leadsOn === undefined || place === undefined || time <= (instantOf(window.restorableTo) ?? 0)) {
    return window;
  }
  const { timeline, toLsn, from } = leadsOn;
  const end = { to: isoTime(time), toLsn: place.storedLsn };
  const last = intervals.findLast((each) => each.timeline === timeline && each.toLsn === toLsn);
  const grown = { timeline, fromLsn: toLsn, ...(from === undefined ? {} : { from }), ...last, ...end };
  return {
    ...window,
    restorableTo: end.to,
    intervals: [...intervals.filter((each) => each !== last), grown],
    gaps: closed(window.gaps, grown),
  };
};

// A gap that nothing led behind ends where this interval begins.
const closed = (gaps: WindowLine['gaps'], { timeline, fromLsn, from }: WindowSpan): WindowLine['gaps'] => {
  const open = gaps.findLast((gap) => gap.timeline === timeline && gap.to === undefined);
  return from === undefined ? gaps : gaps.map((gap) => (gap === open ? { ...gap, toLsn: fromLsn, to: from } : gap));
};

// How far a tier is: the one that is written first, or one that follows it.
const placeOn = (tier: string, archive: WalArchiveStatus | undefined): Place | undefined => {
  const { storedLsn, storedTime } = archive?.tier === tier ? archive : (archive?.followers?.find((each) => each.tier === tier) ?? {});
  const time = instantOf(storedTime);
  return storedLsn === undefined || time === undefined ? undefined : { storedLsn, storedTime: time };
};
