// What is wanted back, as the spec of a Restore says it.
import { lsnText } from '../../api/lsn.ts';
import { restoreSpecSchema } from '../../api/restore.ts';
import type { RestoreSpec } from '../../api/restore.ts';
import { readLsn } from '../../core/recovery/wish.ts';
import { wrongUse } from '../common/errors.ts';
import { readPoint, readTimeline } from '../restore/point.ts';
import type { PointOptions } from '../restore/point.ts';
import type { EmergencyOptions } from './options.ts';

export type Wish = { backup?: string; latest?: true; pointInTime?: NonNullable<RestoreSpec['pointInTime']> };

export const readWish = (options: EmergencyOptions): Wish => {
  const { emergency, toTime, toLsn, toName, base } = options;
  const hasPoint = [toTime, toLsn, toName].some((each) => each !== undefined);
  const named = emergency === true ? undefined : emergency;
  if (base !== undefined) {
    throw wrongUse('--base is --emergency <backup> here.', 'Write the backup to start from after --emergency.');
  }
  if (!hasPoint) {
    return withoutPoint(named, options);
  }
  if (named === 'latest') {
    throw wrongUse(
      'Only one point can be restored.',
      'Write either --emergency latest, or --emergency with --to-time, --to-lsn or --to-name.',
    );
  }
  return { ...(named === undefined ? {} : { backup: named }), pointInTime: pointOf(options) };
};

const withoutPoint = (named: string | undefined, { exclusive, timeline }: PointOptions): Wish => {
  if (named === undefined) {
    throw wrongUse('It is not said what shall come back.', 'Write --emergency latest, --emergency <backup>, or add --to-time <time>.');
  }
  if (exclusive === true || timeline !== undefined) {
    throw wrongUse('--exclusive and --timeline go with --to-time, --to-lsn or --to-name.', 'Leave them out.');
  }
  return named === 'latest' ? { latest: true } : { backup: named };
};

const pointOf = ({ toTime, toLsn, toName, exclusive, timeline }: EmergencyOptions): NonNullable<RestoreSpec['pointInTime']> => {
  const point: PointOptions = {
    ...(toTime === undefined ? {} : { toTime }),
    ...(toLsn === undefined ? {} : { toLsn }),
    ...(toName === undefined ? {} : { toName }),
    ...(exclusive === undefined ? {} : { exclusive }),
  };
  readPoint(point);
  const line = readTimeline(timeline);
  return restoreSpecSchema.shape.pointInTime.unwrap().parse({
    ...(toTime === undefined ? {} : { time: toTime }),
    ...(toLsn === undefined ? {} : { lsn: lsnText(readLsn(toLsn) ?? 0n) }),
    ...(toName === undefined ? {} : { name: toName }),
    exclusive: exclusive === true,
    ...(line === undefined ? {} : { timeline: line }),
  });
};

// In words: `the newest point`, `2026-11-22T14:03:07Z`, `the backup 2026…`.
export const wishText = ({ backup, pointInTime }: Wish): string => {
  if (pointInTime !== undefined) {
    const { time, lsn, name, exclusive } = pointInTime;
    const which = time ?? (lsn === undefined ? `the restore point ${name}` : `LSN ${lsn}`);
    return `the state ${exclusive ? 'just before' : 'as of'} ${which}`;
  }
  return backup === undefined ? 'the newest point that can be reached' : `the backup ${backup}`;
};
