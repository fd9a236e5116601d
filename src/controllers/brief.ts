// A Backup that is settled is kept as a few words: there are thousands of them, and of each only what the others and the policy ask.
import { annotation, finalizer } from '../api/group.ts';
import type { Backup } from '../api/objects.ts';
import { findCondition } from '../core/plan/conditions.ts';
import { shared } from './shared.ts';

// It is complete, every tier holds it and its conditions say so, and nobody wants anything of it. A Log is copied nowhere.
export const isSettled = (backup: Backup): boolean => isBrief(backup) || isDone(backup);

const isDone = ({ metadata, spec, status }: Backup): boolean =>
  status?.endTime !== undefined &&
  status.phase === 'Complete' &&
  (spec.type === 'Log' || findCondition(status.conditions, 'Replicated')?.status === 'True') &&
  (status.tiers ?? []).every(({ state }) => state === 'Sealed') &&
  metadata.deletionTimestamp === undefined &&
  metadata.finalizers?.includes(finalizer) !== true &&
  metadata.annotations?.[annotation.logsRequested] === undefined;

// Not the whole object: whoever decides on it must ask the API server first. Every Backup that has ended has conditions.
export const isBrief = ({ metadata, status }: Backup): boolean =>
  status?.endTime !== undefined && status.conditions === undefined && metadata.finalizers === undefined;

// What is left of a settled Backup. Always the same members in the same order: such objects are small.
export const brief = ({ apiVersion, kind, metadata, spec, status = {} }: Backup): Backup => {
  const { name, namespace, uid, generation, resourceVersion, creationTimestamp, annotations } = metadata;
  const { phase, startTime, endTime, backupId, bytes, tiers } = status;
  return {
    apiVersion: shared(apiVersion),
    kind,
    metadata: {
      name,
      namespace: shared(namespace),
      uid,
      generation,
      resourceVersion,
      creationTimestamp,
      ...(annotations === undefined ? {} : { annotations: ours(annotations) }),
    },
    spec: shared(spec),
    status: { phase, startTime, endTime, backupId, bytes, tiers: shared(tiers) },
  };
};

const ours = (annotations: Record<string, string>): Record<string, string> =>
  Object.fromEntries(
    [annotation.slot, annotation.late].flatMap((name) => (annotations[name] === undefined ? [] : [[name, annotations[name]]])),
  );
