// The controller of BackupPolicies: gather, decide, act.
import { label } from '../../api/group.ts';
import { decidePolicy } from '../../core/policy/decide.ts';
import { createController, sourceOf } from '../../kube/controller.ts';
import type { Controller } from '../../kube/controller.ts';
import { keyOf, keyOfObject, refOf } from '../../kube/object.ts';
import type { KubeObject } from '../../kube/object.ts';
import { act } from '../act.ts';
import type { OperatorContext } from '../context.ts';
import { gatherPolicy } from './gather.ts';

const progressMilliseconds = 5000;

// A run that begins changes a few objects in a row. It shall not wait for what its policy makes of each.
const lingerMilliseconds = 100;

// Jobs and pods of ours name their policy in a label. What it says there is checked when they are read.
const labelled = ({ metadata }: KubeObject): string[] => {
  const name = metadata?.labels?.[label.policy];
  return name === undefined ? [] : [keyOf({ namespace: metadata?.namespace ?? '', name })];
};

export const createPolicyController = (context: OperatorContext): Controller => {
  const { caches, log } = context;

  const controller: Controller = createController({
    name: 'policy',
    log,
    lingerMilliseconds,
    sources: [
      sourceOf(caches.policies, (policy) => [keyOfObject(policy)]),
      sourceOf(caches.backups, ({ metadata, spec }) => [keyOf({ namespace: metadata.namespace, name: spec.policyRef.name })]),
      sourceOf(caches.restores, ({ metadata, spec }) => [keyOf({ namespace: metadata.namespace, name: spec.source.policyRef.name })]),
      sourceOf(caches.jobs, labelled),
      sourceOf(caches.pods, labelled),
      sourceOf(caches.claims, labelled),
      sourceOf(caches.deployments, labelled),
    ],
    async reconcile(key) {
      const policy = caches.policies.cache.get(refOf(key));
      if (policy === undefined) {
        return undefined;
      }
      const observed = await gatherPolicy(context, policy, {
        onProgress: () => controller.queue.addAfter(key, progressMilliseconds),
        onEnd: () => controller.queue.add(key),
      });
      const decision = decidePolicy(observed);
      await act(context, policy, policy, decision);
      return decision.againMilliseconds;
    },
  });
  return controller;
};
