// Where no whole backup leads into the newest WAL, nothing of that can be recovered: one Full is asked for. After the archive began, after a gap, after a
// new lineage; once for each such place, whatever becomes of that backup.
import type { WindowLine } from '../../api/agent.ts';
import type { PolicyStatus } from '../../api/policy.ts';
import type { WalArchiveStatus } from '../../api/wal-status.ts';
import type { Action } from '../jobs/request.ts';
import { hour, instantOf, isoTime, minute, soonest } from '../plan/time.ts';
import { slotOf } from '../receiver-slots/wanted.ts';
import { isOpen, isSealed } from './observed.ts';
import type { PolicyObserved } from './observed.ts';

export type FullForWal = { actions: Action[]; walArchive: WalArchiveStatus[]; againMilliseconds?: number };

// A Full of a schedule that is due so soon serves as well.
const scheduledSoonMilliseconds = 15 * minute;
// However often the archive breaks.
const betweenMilliseconds = hour;

type Newest = NonNullable<WindowLine['newest']>;
type Unreached = { component: string; place: string; because: string };

// `next`: what the schedules start next. The places that were asked for stand in the status.
export const fullForWal = (observed: PolicyObserved, walArchive: WalArchiveStatus[], next: PolicyStatus['next']): FullForWal => {
  const nothing = { actions: [], walArchive };
  const unreached = unreachedOf(observed, walArchive);
  if (unreached.length === 0 || observed.policy.spec.suspend || isServed(observed, next)) {
    return nothing;
  }
  const wait = waitOf(observed, walArchive);
  if (wait > 0) {
    return { ...nothing, againMilliseconds: wait };
  }
  const { metadata } = observed.policy;
  const places = unreached.map(({ component, place }) => `${component}/${place}`).toSorted();
  const name = `${metadata.name}-full-wal-${observed.hash([metadata.uid, ...places].join(' '))}`;
  const because = unreached.map((each) => each.because).join(' ');
  return {
    actions: [{ type: 'requestBackup', name, because }],
    walArchive: walArchive.map((entry) => {
      const found = unreached.find(({ component }) => component === entry.component);
      return found === undefined
        ? entry
        : { ...entry, full: { place: found.place, backup: name, time: isoTime(observed.now), because: found.because } };
    }),
  };
};

// By the last reading of the primary tier, where it is no older than the last Full.
const unreachedOf = (observed: PolicyObserved, walArchive: readonly WalArchiveStatus[]): Unreached[] => {
  const { policy, catalogue, backups, hash } = observed;
  const read = catalogue[policy.spec.tiers[0]?.name ?? ''];
  const newestFull = Math.max(
    0,
    ...backups.filter((each) => each.type === 'Full' && isSealed(each)).map(({ status }) => instantOf(status.endTime) ?? 0),
  );
  if (read?.windows === undefined || read.measuredTime < newestFull) {
    return [];
  }
  return policy.spec.components.flatMap((component) => {
    const line = read.windows?.find((window) => window.component === component.name);
    if (line?.newest === undefined || line.newest.isReached || slotOf(policy, component, hash) === undefined) {
      return [];
    }
    const place = placeOf(line.newest);
    const asked = walArchive.find((entry) => entry.component === component.name)?.full;
    return asked?.place === place ? [] : [{ component: component.name, place, because: becauseOf(component.name, line, line.newest) }];
  });
};

const placeOf = ({ lineageId, timeline, fromLsn }: Newest): string => `${lineageId}/${timeline}/${fromLsn}`;

const becauseOf = (component: string, { gaps, intervals }: WindowLine, { timeline, fromLsn }: Newest): string => {
  const where = `no whole backup leads into the WAL of ${component} from ${fromLsn} of timeline ${timeline} on`;
  const gap = gaps.findLast((each) => each.timeline === timeline && each.reason !== 'OtherHistory');
  if (gap !== undefined) {
    return `Asked for because of a gap${gap.reason === undefined ? '' : ` (${gap.reason})`}: ${where}.`;
  }
  return intervals.length === 0
    ? `Asked for because the archive began: ${where}.`
    : `Asked for because the server was set back or replaced: ${where}.`;
};

// A Full that runs, waits or is about to start leads there.
const isServed = ({ backups, now }: PolicyObserved, next: PolicyStatus['next']): boolean =>
  backups.some((backup) => backup.type === 'Full' && isOpen(backup)) ||
  (next ?? []).some(
    ({ type, time }) => type === 'Full' && (instantOf(time) ?? Number.POSITIVE_INFINITY) - now <= scheduledSoonMilliseconds,
  );

const waitOf = ({ now }: PolicyObserved, walArchive: readonly WalArchiveStatus[]): number => {
  const last = Math.max(0, ...walArchive.map(({ full }) => instantOf(full?.time) ?? 0));
  return soonest(last + betweenMilliseconds - now) ?? 0;
};
