// What the plan of a Job wants back, in the words of the recovery. Throws RecoveryRefused where they make no sense.
import type { PointPlan, RecoverPlan } from '../../../api/recover.ts';
import { refusal } from '../../../core/recovery/refusal.ts';
import { readInstant, readLsn } from '../../../core/recovery/wish.ts';
import type { Form, Point, Wish } from '../../../core/recovery/wish.ts';
import { RecoveryRefused } from '../refused.ts';

export type SourcedPlan = Extract<RecoverPlan, { mode: 'Plan' | 'Restore' }>;

export const wishOf = ({ component, point, settled, target }: SourcedPlan): Wish => {
  const form: Form = target.kind === 'server' ? 'logical' : 'physical';
  const common = { component, form };
  if (point.kind === 'backup') {
    return { ...common, point };
  }
  if (point.kind === 'latest') {
    return { ...common, ...newest(settled, form) };
  }
  const base = point.base ?? settled?.backupId;
  const timeline = point.timeline ?? settled?.timeline;
  return {
    ...common,
    point: pointOf(point),
    ...(base === undefined ? {} : { base }),
    ...(timeline === undefined ? {} : { timeline }),
  };
};

// What was the newest when the plan was made.
const newest = (settled: SourcedPlan['settled'], form: Form): Pick<Wish, 'point' | 'base' | 'timeline' | 'upTo'> => {
  if (settled === undefined) {
    return { point: { kind: 'latest' } };
  }
  const { backupId, timeline, lsn } = settled;
  const upTo = lsn === undefined ? undefined : readLsn(lsn);
  return form === 'logical' || upTo === undefined
    ? { point: { kind: 'backup', id: backupId } }
    : { point: { kind: 'latest' }, base: backupId, upTo, ...(timeline === undefined ? {} : { timeline }) };
};

type Placed = Extract<PointPlan, { text: string }>;

const pointOf = ({ kind, text, exclusive }: Placed): Point => {
  if (kind === 'name') {
    return exclusive
      ? refuse('A restore point has nothing before or behind it: pointInTime.exclusive goes with time and lsn.')
      : { kind, name: text };
  }
  if (kind === 'lsn') {
    const lsn = readLsn(text);
    return lsn === undefined ? refuse(`"${text}" is no place in the WAL.`) : { kind, lsn, inclusive: !exclusive };
  }
  const micros = readInstant(text);
  return micros === undefined ? refuse(`"${text}" is no instant.`) : { kind, text, micros, inclusive: !exclusive };
};

const refuse = (message: string): never => {
  throw new RecoveryRefused(refusal('PointOutsideWindow', message, { act: 'Create another Restore with a pointInTime that makes sense.' }));
};
