// The controller of Backups: gather, decide, act.
import { label } from '../../api/group.ts';
import type { Backup } from '../../api/objects.ts';
import { decideBackup } from '../../core/backup/decide.ts';
import { createController, sourceOf } from '../../kube/controller.ts';
import type { Controller } from '../../kube/controller.ts';
import { keyOfObject, refOf } from '../../kube/object.ts';
import type { KubeObject } from '../../kube/object.ts';
import { act } from '../act.ts';
import { isBrief, isSettled } from '../brief.ts';
import { byCopied, byPolicy, labelled } from '../caches.ts';
import type { Caches } from '../caches.ts';
import type { OperatorContext } from '../context.ts';
import { backupLabel } from '../hash.ts';
import { backups } from '../resources.ts';
import { gatherBackup } from './gather.ts';

// So often at most a status says how far its dump has come.
const progressMilliseconds = 2000;

const isUnsettled = ({ status }: Backup): boolean =>
  status?.endTime === undefined || (status.tiers ?? []).some(({ state }) => state !== 'Sealed' && state !== 'Failed');

const hasNewCopy = (caches: Caches, { metadata, status }: Backup): boolean =>
  caches.jobs.cache
    .find(byCopied(metadata.namespace, backupLabel(metadata.name)))
    .some((job) => !(status?.tiers ?? []).some(({ name }) => name === job.metadata?.labels?.[label.tier]));

export const createBackupController = (context: OperatorContext): Controller => {
  const { client, caches, log } = context;

  const unsettledKeys = (namespace: string, policy: string): string[] =>
    caches.backups.cache.find(byPolicy(namespace, policy)).filter(isUnsettled).map(keyOfObject);

  // A settled Backup needs nothing, but for a copy to a tier that it does not know of.
  const needsWork = (backup: Backup): boolean => !isSettled(backup) || hasNewCopy(caches, backup);

  const ownKey = (backup: Backup): string[] => (needsWork(backup) ? [keyOfObject(backup)] : []);

  // A Job or pod of ours names its Backup in a label.
  const labelledKeys = (object: KubeObject): string[] => labelled(caches, object).flatMap(ownKey);

  const controller: Controller = createController({
    name: 'backup',
    log,
    sources: [
      // When one ends, another one may start.
      sourceOf(caches.backups, (backup) => [...ownKey(backup), ...unsettledKeys(backup.metadata.namespace, backup.spec.policyRef.name)]),
      sourceOf(caches.policies, ({ metadata }) => unsettledKeys(metadata.namespace, metadata.name)),
      sourceOf(caches.jobs, labelledKeys),
      sourceOf(caches.pods, labelledKeys),
    ],
    async reconcile(key) {
      const known = caches.backups.cache.get(refOf(key));
      const backup = known !== undefined && isBrief(known) ? await client.get<Backup>(backups, refOf(key)) : known;
      if (backup === undefined) {
        return undefined;
      }
      const observed = await gatherBackup(context, backup, {
        onProgress: () => controller.queue.addAfter(key, progressMilliseconds),
        onEnd: () => controller.queue.add(key),
      });
      const decision = decideBackup(observed);
      await act(context, backup, observed.policy, decision);
      return decision.againMilliseconds;
    },
  });
  return controller;
};
