// Looks at everything in a namespace at once. An API server that is away is no answer, and no error.
import { setTimeout as pause } from 'node:timers/promises';
import type { V1Job, V1Pod } from '@kubernetes/client-node';
import type { Backup, BackupPolicy } from '../../src/api/objects.ts';
import { kubectl } from '../cluster/kubectl.ts';

export type Snapshot = { backups: Backup[]; policies: BackupPolicy[]; jobs: V1Job[]; pods: V1Pod[] };

type Item = { kind?: string };
const kinds = 'backups.holdfast.dev,backuppolicies.holdfast.dev,jobs,pods';

export const look = async (namespace: string): Promise<Snapshot | undefined> => {
  const { code, stdout } = await kubectl(['get', kinds, '-n', namespace, '-o', 'json', '--request-timeout=10s']);
  if (code !== 0) {
    return undefined;
  }
  const { items } = JSON.parse(stdout) as { items: Item[] };
  const of = <T>(kind: string): T[] => items.filter((item) => item.kind === kind) as T[];
  return { backups: of('Backup'), policies: of('BackupPolicy'), jobs: of('Job'), pods: of('Pod') };
};

const everyMilliseconds = 2500;

// Looks until `probe` answers. Undefined: it did not in time.
export const watchFor = async <T>(namespace: string, seconds: number, probe: (seen: Snapshot) => T | undefined): Promise<T | undefined> => {
  const end = Date.now() + seconds * 1000;
  while (Date.now() < end) {
    const seen = await look(namespace);
    const answer = seen && probe(seen);
    if (answer !== undefined) {
      return answer;
    }
    await pause(everyMilliseconds);
  }
  return undefined;
};

export const hasJobEnded = ({ status }: V1Job): boolean =>
  status?.conditions?.some(({ type, status: is }) => (type === 'Complete' || type === 'Failed') && is === 'True') === true;

// Every policy is armed, all its tiers were read, and no Job is under way.
export const untilCalm = async (namespace: string, seconds: number): Promise<void> => {
  let last = 'nothing was seen';
  const calm = await watchFor(namespace, seconds, ({ policies, jobs }) => {
    const unread = policies.filter(({ spec, status }) =>
      spec.tiers.some(({ name }) => status?.tiers?.find((tier) => tier.name === name)?.measuredTime === undefined),
    );
    const busy = jobs.filter((job) => !hasJobEnded(job));
    last = `not read: ${unread.map(({ metadata }) => metadata.name).join(' ')}; busy: ${busy.map(({ metadata }) => metadata?.name).join(' ')}`;
    return policies.length > 0 && unread.length === 0 && busy.length === 0 ? true : undefined;
  });
  if (calm === undefined) {
    throw new Error(`${namespace} did not come to rest in ${seconds} s: ${last}`);
  }
};
