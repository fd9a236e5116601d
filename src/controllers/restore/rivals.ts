// The Restores of a namespace that stop something: each gives back what it has found, so they go one after the other.
import type { Restore } from '../../api/objects.ts';
import type { RestoreRival } from '../../core/restore/observed.ts';
import { stopsWorkloads } from '../../core/restore/targets.ts';
import type { OperatorContext } from '../context.ts';

type Known = Pick<OperatorContext, 'caches'>;

// Others that stop something, and have not ended.
export const rivalsOf = (context: Known, { metadata }: Restore): RestoreRival[] =>
  context.caches
    .restoresIn(metadata.namespace)
    .filter(
      (other) =>
        other.metadata.uid !== metadata.uid &&
        other.status?.endTime === undefined &&
        stopsWorkloads(other) &&
        (other.status?.stage !== undefined || mayStart(context, other)),
    )
    .map((other) => ({
      name: other.metadata.name,
      createdTime: Date.parse(other.metadata.creationTimestamp),
      started: other.status?.stage !== undefined,
      ...(other.status?.stage === 'Approving' ? { waitsForApproval: true } : {}),
    }))
    .toSorted((a, b) => a.createdTime - b.createdTime || a.name.localeCompare(b.name));

// One that waits for a policy which is not there holds nobody up.
const mayStart = ({ caches }: Known, { metadata: { namespace, deletionTimestamp }, spec }: Restore): boolean =>
  deletionTimestamp === undefined && caches.policies.cache.get({ namespace, name: spec.source.policyRef.name }) !== undefined;
