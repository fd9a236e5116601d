// What could be lost right now, against the objective. Only tiers that were read lately are believed.
import type { PolicySpec, PolicyStatus } from '../../api/policy.ts';
import type { WalArchiveStatus } from '../../api/wal-status.ts';
import type { NewCondition } from '../plan/conditions.ts';
import { durationMilliseconds, instantOf, isoTime, second, soonest } from '../plan/time.ts';
import { believedUntil, freshTiers } from './belief.ts';
import type { TierSummary } from './belief.ts';
import { hasMoved } from './moved.ts';
import type { PolicyObserved } from './observed.ts';

type Point = { time: number; measured: number; tier: string };

export type Rpo = { status: NonNullable<PolicyStatus['rpo']>; condition: NewCondition; againMilliseconds?: number };

const type = 'RPOMet' as const;

// The status holds instants, not ages, so that it moves only when facts do.
// `archives`: where the server is now, as far as is known.
export const rpo = (observed: PolicyObserved, tiers: TierSummary[], archives: readonly WalArchiveStatus[] = []): Rpo => {
  const { policy, now } = observed;
  const objective = durationMilliseconds(policy.spec.objectives.rpo);
  const fresh = freshTiers(observed, tiers);
  const points = fresh.filter(({ name }) => !hasMoved(observed.catalogue[name]?.windows, archives)).flatMap(pointOf);
  const best = newest(points);
  const offsite = newest(points.filter(({ tier }) => isOffsite(observed, tier)));
  const wait = soonest(
    ...fresh.map((tier) => believedUntil(observed, tier) - now),
    ...(best === undefined ? [] : [warnAge(policy.spec), objective].map((age) => best.time + age - now).filter((left) => left > 0)),
  );
  return {
    status: {
      objectiveSeconds: objective / second,
      ...(best === undefined ? {} : { restorableTime: isoTime(best.time), measuredTime: isoTime(best.measured) }),
      ...(offsite === undefined ? {} : { offsiteTime: isoTime(offsite.time) }),
    },
    condition: best === undefined ? withoutPoint(observed, fresh, archives) : judged(observed, best, objective),
    ...(wait === undefined ? {} : { againMilliseconds: wait }),
  };
};

// Default: five sixths of the objective, 20 h of 24 h.
export const warnAge = ({ objectives: { rpo: objective, warnAt } }: Pick<PolicySpec, 'objectives'>): number => {
  return warnAt === undefined ? (durationMilliseconds(objective) * 5) / 6 : durationMilliseconds(warnAt);
};

const pointOf = ({ name, restorableTime, measuredTime }: TierSummary): Point[] => {
  const time = instantOf(restorableTime);
  return time === undefined ? [] : [{ time, measured: instantOf(measuredTime) ?? 0, tier: name }];
};

const newest = (points: Point[]): Point | undefined => points.toSorted((a, b) => b.time - a.time || b.measured - a.measured).at(0);

const isOffsite = ({ policy }: PolicyObserved, name: string): boolean =>
  policy.spec.tiers.find((tier) => tier.name === name)?.persistentVolumeClaim === undefined;

const judged = (observed: PolicyObserved, { time, tier, measured }: Point, objective: number): NewCondition => {
  const { policy, now } = observed;
  const point = `The newest point that everything can be restored to is ${isoTime(time)}, from ${tier}${knownBy(time, measured)}.`;
  const end = `the objective of ${policy.spec.objectives.rpo}`;
  if (now - time > objective) {
    const message = `${point} Since ${isoTime(time + objective)} it is older than ${end}. Mend what stops the runs, then start one: kubectl holdfast backup ${policy.metadata.name}`;
    return { type, status: 'False', reason: 'RestorePointTooOld', message };
  }
  if (now - time > warnAge(policy.spec)) {
    const message = `${point} At ${isoTime(time + objective)} it is older than ${end}. Start a run: kubectl holdfast backup ${policy.metadata.name}`;
    return { type, status: 'True', reason: 'RestorePointAging', message };
  }
  return { type, status: 'True', reason: 'RestorePointFresh', message: `${point} It keeps ${end} until ${isoTime(time + objective)}.` };
};

// No reading knows of what came after it: that is what the receivers of WAL say they have stored behind it.
const knownBy = (time: number, measured: number): string =>
  time > measured ? `, by WAL that was stored since it was read at ${isoTime(measured)}` : '';

const withoutPoint = ({ policy, catalogue }: PolicyObserved, fresh: TierSummary[], archives: readonly WalArchiveStatus[]): NewCondition => {
  if (fresh.length === 0) {
    const message = 'No tier was read lately, so it is not known what could be restored. StorageHealthy says why.';
    return { type, status: 'Unknown', reason: 'FactsStale', message };
  }
  if (fresh.some(({ name }) => hasMoved(catalogue[name]?.windows, archives))) {
    const message =
      'The server was set back or promoted since its WAL was read in the store. What can be restored of its history now is looked up.';
    return { type, status: 'Unknown', reason: 'FactsStale', message };
  }
  const read = fresh.map(({ name }) => name).join(', ');
  const message = `No backup that was found in ${read} holds every component. Start a run: kubectl holdfast backup ${policy.metadata.name}`;
  return { type, status: 'False', reason: 'NothingRestorable', message };
};
