// The controller of Restores: gather, decide, act.
import type { Restore } from '../../api/objects.ts';
import { decideRestore } from '../../core/restore/decide.ts';
import { createController, sourceOf } from '../../kube/controller.ts';
import type { Controller } from '../../kube/controller.ts';
import { keyOfObject, refOf } from '../../kube/object.ts';
import type { KubeObject } from '../../kube/object.ts';
import { act } from '../act.ts';
import { labelledRestores } from '../caches.ts';
import type { OperatorContext } from '../context.ts';
import { gatherRestore } from './gather.ts';

// So often at most a status says how far it has come.
const progressMilliseconds = 2000;

const isOpen = ({ status }: Restore): boolean => status?.endTime === undefined;

// An undo that has ended changes what is said of the Restore that it has undone.
const undone = ({ metadata, spec }: Restore): string[] =>
  spec.source.restoreRef === undefined ? [] : [`${metadata.namespace}/${spec.source.restoreRef.name}`];

export const createRestoreController = (context: OperatorContext): Controller => {
  const { caches } = context;

  const openKeys = (namespace: string): string[] => caches.restoresIn(namespace).filter(isOpen).map(keyOfObject);

  const labelledKeys = (object: KubeObject): string[] => labelledRestores(caches, object).map(keyOfObject);

  const controller: Controller = createController({
    name: 'restore',
    log: context.log,
    sources: [
      // When one ends, another one may start.
      sourceOf(caches.restores, (restore) => [keyOfObject(restore), ...openKeys(restore.metadata.namespace), ...undone(restore)]),
      sourceOf(caches.policies, ({ metadata }) => openKeys(metadata.namespace)),
      sourceOf(caches.jobs, labelledKeys),
      sourceOf(caches.pods, labelledKeys),
    ],
    async reconcile(key) {
      const restore = caches.restores.cache.get(refOf(key));
      if (restore === undefined) {
        return undefined;
      }
      const observed = await gatherRestore(context, restore, {
        onProgress: () => controller.queue.addAfter(key, progressMilliseconds),
        onEnd: () => controller.queue.add(key),
      });
      const decision = decideRestore(observed);
      await act(context, restore, observed.policy, decision);
      return decision.againMilliseconds;
    },
  });
  return controller;
};
