// As of when: exactly one of the options that name a point.
import type { Point } from '../../core/recovery/wish.ts';
import { wrongUse } from '../common/errors.ts';

export type PointOptions = { latest?: true; backup?: string };

export const readPoint = ({ latest, backup }: PointOptions): Point => {
  const points: Point[] = [
    ...(latest === true ? [{ kind: 'latest' as const }] : []),
    ...(backup === undefined ? [] : [{ kind: 'backup' as const, id: backup }]),
  ];
  const [point] = points;
  if (point === undefined || points.length > 1) {
    throw wrongUse(
      point === undefined ? 'It is not said as of when.' : 'Only one point can be restored.',
      'Give exactly one of --latest and --backup <id>.',
    );
  }
  return point;
};
