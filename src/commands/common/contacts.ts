// Whom the operator tells about a policy, by the settings that the chart wrote. Undefined: they cannot be read.
import type { V1ConfigMap } from '@kubernetes/client-node';
import { parse } from 'yaml';
import { z } from 'zod';
import type { BackupPolicy } from '../../api/objects.ts';
import { KubeError } from '../../kube/errors.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { Operators } from '../doctor/read.ts';
import { listAll } from './find.ts';
import { configMaps } from './resources.ts';

const settings = z.looseObject({
  routes: z.record(z.string(), z.looseObject({ email: z.looseObject({ to: z.array(z.string()) }).optional() })),
});

export type Routes = z.output<typeof settings>['routes'];

export const readContacts = async (client: KubeClient, policy: BackupPolicy, operators: Operators): Promise<string[] | undefined> =>
  contactsOf(await readRoutes(client, operators), policy);

export const contactsOf = (routes: Routes | undefined, { spec }: BackupPolicy): string[] | undefined =>
  routes && (routes[spec.notify?.route ?? 'default']?.email?.to ?? []);

export const readRoutes = async (client: KubeClient, { operators }: Operators): Promise<Routes | undefined> => {
  const operatorNamespace = 'value' in operators ? operators.value[0]?.metadata?.namespace : undefined;
  if (operatorNamespace === undefined) {
    return undefined;
  }
  try {
    const found = await listAll<V1ConfigMap & KubeObject>(client, configMaps, operatorNamespace, 'app.kubernetes.io/name=holdfast');
    const text = found.flatMap(({ data }) => data?.['notify.yaml'] ?? [])[0];
    const known = settings.safeParse(text === undefined ? undefined : parse(text));
    return known.data?.routes ?? {};
  } catch (error) {
    if (error instanceof KubeError) {
      return undefined;
    }
    throw error;
  }
};
