// The controller of Backups: gather, decide, act.
import { label } from '../../api/group.ts';
import type { Backup } from '../../api/objects.ts';
import { decideBackup } from '../../core/backup/decide.ts';
import { createController, sourceOf } from '../../kube/controller.ts';
import type { Controller } from '../../kube/controller.ts';
import { keyOfObject, refOf } from '../../kube/object.ts';
import type { KubeObject } from '../../kube/object.ts';
import { act } from '../act.ts';
import { byLabel, byPolicy } from '../caches.ts';
import type { OperatorContext } from '../context.ts';
import { gatherBackup } from './gather.ts';

// So often at most a status says how far its dump has come.
const progressMilliseconds = 2000;

const isUnsettled = ({ status }: Backup): boolean =>
  status?.endTime === undefined || (status.tiers ?? []).some(({ state }) => state !== 'Sealed' && state !== 'Failed');

export const createBackupController = (context: OperatorContext): Controller => {
  const { caches, log } = context;

  const unsettledKeys = (namespace: string, policy: string): string[] =>
    caches.backups.cache.find(byPolicy(namespace, policy)).filter(isUnsettled).map(keyOfObject);

  // A Job or pod of ours names its Backup in a label. What it says there is checked when it is read.
  const labelled = ({ metadata }: KubeObject): string[] =>
    caches.backups.cache.find(byLabel(metadata?.namespace ?? '', metadata?.labels?.[label.backup] ?? '')).map(keyOfObject);

  const controller: Controller = createController({
    name: 'backup',
    log,
    sources: [
      // When one ends, another one may start.
      sourceOf(caches.backups, (backup) => [keyOfObject(backup), ...unsettledKeys(backup.metadata.namespace, backup.spec.policyRef.name)]),
      sourceOf(caches.policies, ({ metadata }) => unsettledKeys(metadata.namespace, metadata.name)),
      sourceOf(caches.jobs, labelled),
      sourceOf(caches.pods, labelled),
    ],
    async reconcile(key) {
      const backup = caches.backups.cache.get(refOf(key));
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
