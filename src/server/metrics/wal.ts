// The WAL archive of each component, from the status of its policy.
import type { BackupPolicy } from '../../api/objects.ts';
import { instantOf } from '../../core/plan/time.ts';
import type { Figure, Row } from './samples.ts';

const archives = ({ status }: BackupPolicy) => (status?.walArchive ?? []).filter(({ state }) => state !== undefined);

const seconds = (text: string | undefined): number | undefined => {
  const instant = instantOf(text);
  return instant === undefined ? undefined : instant / 1000;
};

// A place moves about once a minute, so these are up to a minute old.
export const walFigures: Figure[] = [
  {
    name: 'holdfast_wal_receiver_up',
    help: 'Whether the receiver of a component archives WAL: 1 it does, 0 it does not. Absent: it is being started, or there is none.',
    of: (policy) =>
      archives(policy).map(({ component, state }) => ({
        labels: { component },
        value: state === 'Starting' ? undefined : state === 'Archiving' ? 1 : 0,
      })),
  },
  {
    name: 'holdfast_wal_stored_timestamp_seconds',
    help: 'Every commit answered before this instant, by the clock of the server, is stored in the WAL archive of the tier.',
    of: (policy) =>
      archives(policy).flatMap(({ component, tier, storedTime, followers = [] }): Row[] =>
        [...(tier === undefined ? [] : [{ tier, storedTime }]), ...followers].map((each) => ({
          labels: { component, tier: each.tier },
          value: seconds(each.storedTime),
        })),
      ),
  },
  {
    name: 'holdfast_wal_follower_lag_seconds',
    help: 'How much less WAL a further tier holds than the one that is written first.',
    of: (policy) =>
      archives(policy).flatMap(({ component, storedTime, followers = [] }) =>
        followers.map((follower) => ({ labels: { component, tier: follower.tier }, value: lag(storedTime, follower.storedTime) })),
      ),
  },
];

const lag = (first: string | undefined, other: string | undefined): number | undefined => {
  const [ahead, behind] = [seconds(first), seconds(other)];
  return ahead === undefined || behind === undefined ? undefined : Math.max(0, ahead - behind);
};
