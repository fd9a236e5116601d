// Scales one workload by its scale subresource. Asked twice, it does it once.
import type { ScaleStep } from '../../core/restore/workloads/facts.ts';
import type { KubeClient } from '../../kube/client.ts';
import { hasReason } from '../../kube/errors.ts';
import type { KubeObject } from '../../kube/object.ts';
import { resourceOf } from './workloads.ts';

// Unneeded: it has the number already, or somebody has given it another one. Gone: another one has its name, or none.
export type Scaled = 'Scaled' | 'Unneeded' | 'Gone';

// A controller writes the status of what it scales, so that the version changes often.
const mostTries = 10;

type Scalable = KubeObject & { spec?: { replicas?: number } };

export const scale = async (client: KubeClient, namespace: string, { kind, name, uid, to }: ScaleStep): Promise<Scaled> => {
  const resource = resourceOf[kind];
  for (let tries = 1; ; tries += 1) {
    const found = await client.get<Scalable>(resource, { namespace, name });
    if (found === undefined || found.metadata?.uid !== uid) {
      return 'Gone';
    }
    const is = found.spec?.replicas ?? 1;
    if (to === 0 ? is === 0 : is !== 0) {
      return 'Unneeded';
    }
    try {
      // Only what was looked at.
      const { resourceVersion = '' } = found.metadata;
      await client.patch(resource, { namespace, name }, { spec: { replicas: to } }, { subresource: 'scale', resourceVersion });
      return 'Scaled';
    } catch (error) {
      if (hasReason(error, 'NotFound')) {
        return 'Gone';
      }
      if (!hasReason(error, 'Conflict') || tries >= mostTries) {
        throw error;
      }
    }
  }
};
