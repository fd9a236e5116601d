// Whom the operator tells about a policy, where the settings that the chart wrote can be read. Nobody is named where they cannot.
import type { V1ConfigMap } from '@kubernetes/client-node';
import { parse } from 'yaml';
import { z } from 'zod';
import type { BackupPolicy } from '../../api/objects.ts';
import { KubeError } from '../../kube/errors.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { KubeObject } from '../../kube/object.ts';
import { listAll } from './find.ts';
import { configMaps } from './resources.ts';

const settings = z.looseObject({
  routes: z.record(z.string(), z.looseObject({ email: z.looseObject({ to: z.array(z.string()) }).optional() })),
});

export const readContacts = async (
  client: KubeClient,
  { spec }: BackupPolicy,
  operatorNamespace: string | undefined,
): Promise<string[]> => {
  if (operatorNamespace === undefined) {
    return [];
  }
  try {
    const found = await listAll<V1ConfigMap & KubeObject>(client, configMaps, operatorNamespace, 'app.kubernetes.io/name=holdfast');
    const text = found.flatMap(({ data }) => data?.['notify.yaml'] ?? [])[0];
    const known = settings.safeParse(text === undefined ? undefined : parse(text));
    return known.data?.routes[spec.notify?.route ?? 'default']?.email?.to ?? [];
  } catch (error) {
    if (error instanceof KubeError) {
      return [];
    }
    throw error;
  }
};
