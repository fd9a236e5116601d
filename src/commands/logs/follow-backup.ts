// Looks at a Backup and its pods, again and again, until it and its copies have ended.
import type { Backup } from '../../api/objects.ts';
import { findCondition } from '../../core/plan/conditions.ts';
import type { Cluster } from '../common/cluster.ts';
import { getBackup } from '../common/find.ts';
import type { Looked } from './from-pods.ts';
import { findSources } from './sources.ts';

// A copy that failed is tried again for a long time: nobody waits for that here.
export const hasEnded = ({ status }: Backup): boolean =>
  status?.endTime !== undefined && !(status.tiers ?? []).some(({ state }) => state === 'Pending' || state === 'Copying');

// The first look is at what was read already.
export const lookingAtBackup = (cluster: Cluster, first: Backup, component: string | undefined): (() => Promise<Looked>) => {
  let next: Backup | undefined = first;
  return async () => {
    const current = next ?? (await getBackup(cluster, first.metadata.name));
    next = undefined;
    const { startTime, conditions } = current.status ?? {};
    const idle = findCondition(conditions, 'Succeeded')?.message ?? 'The operator has not looked at it yet.';
    return {
      name: current.metadata.name,
      ended: hasEnded(current),
      ...(startTime === undefined ? { idle } : {}),
      sources: await findSources(cluster, current, component),
    };
  };
};
