// What the tests on the real API server share: their namespace, proxies that end with the test, and patience.
import type { ExecutionContext } from 'ava';
import { createClient } from '../../src/kube/client.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { connect } from '../../src/kube/connection.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import type { Resource } from '../../src/kube/resource.ts';
import { kubectl, mustKubectl } from '../cluster/kubectl.ts';
import { startProxy } from './proxy.ts';
import type { ApiProxy } from './proxy.ts';

export { eventually, sleep } from './patience.ts';

export const configMaps: Resource = { group: '', version: 'v1', plural: 'configmaps', kind: 'ConfigMap' };
export type ConfigMap = KubeObject & { data?: Record<string, string> };

export const freshNamespace = async (namespace: string): Promise<void> => {
  await mustKubectl(['delete', 'namespace', namespace, '--ignore-not-found', '--wait', '--timeout=90s']);
  await mustKubectl(['create', 'namespace', namespace]);
};
export const dropNamespace = async (namespace: string): Promise<void> => {
  await kubectl(['delete', 'namespace', namespace, '--ignore-not-found', '--wait=false']);
};

// A proxy and a client on it, both gone with the test.
export const throughProxy = async (t: ExecutionContext): Promise<{ proxy: ApiProxy; client: KubeClient }> => {
  const proxy = await startProxy();
  const client = createClient(connect(proxy.config()));
  t.teardown(async () => {
    await client.close();
    await proxy.close();
  });
  return { proxy, client };
};

export const labelOf = (group: string): Record<string, string> => ({ 'holdfast.dev/test': group });

export const configMap = (namespace: string, name: string, group: string): ConfigMap & { apiVersion: string; kind: string } => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace, labels: labelOf(group) },
  data: {},
});
