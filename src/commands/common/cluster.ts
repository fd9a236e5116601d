// A connection to the cluster of a kubeconfig. The library for it is large, so it is loaded only when a command talks to a cluster.
import type { KubeConfig } from '@kubernetes/client-node';
import type { KubeClient } from '../../kube/client.ts';
import type { ClusterOptions } from './definition.ts';
import { wrongUse } from './errors.ts';

export type Cluster = {
  client: KubeClient;
  // The namespace that was asked for, or that of the context.
  namespace: string;
  // Where its API is, as the kubeconfig says.
  server: string;
};

export const withCluster = async <T>(options: ClusterOptions, work: (cluster: Cluster) => Promise<T>): Promise<T> => {
  const config = await readConfig(options);
  const [{ connect }, { createClient }] = await Promise.all([import('../../kube/connection.ts'), import('../../kube/client.ts')]);
  const client = createClient(connect(config));
  try {
    return await work({
      client,
      namespace: options.namespace ?? client.namespace ?? 'default',
      server: config.getCurrentCluster()?.server ?? '',
    });
  } finally {
    await client.close();
  }
};

// What the library takes where nobody named any cluster.
const nowhere = 'http://localhost:8080';

const readConfig = async ({ kubeconfig, context }: ClusterOptions): Promise<KubeConfig> => {
  const config = await loadConfig(kubeconfig);
  if (kubeconfig === undefined && config.getCurrentCluster()?.server === nowhere) {
    throw wrongUse(
      'No kubeconfig was found.',
      'Name one with --kubeconfig or KUBECONFIG. Without any cluster: kubectl holdfast list --from <location>',
    );
  }
  if (context === undefined) {
    return config;
  }
  const known = config.getContexts().map(({ name }) => name);
  if (!known.includes(context)) {
    throw wrongUse(`The kubeconfig has no context "${context}".`, `It has ${known.join(', ') || 'none'}: name one of them with --context.`);
  }
  config.setCurrentContext(context);
  return config;
};

const loadConfig = async (file: string | undefined): Promise<KubeConfig> => {
  try {
    if (file === undefined) {
      return (await import('../../kube/kubeconfig.ts')).defaultConfig();
    }
    const { KubeConfig: Config } = await import('@kubernetes/client-node');
    const config = new Config();
    config.loadFromFile(file);
    return config;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw wrongUse(`The kubeconfig ${file ?? ''} cannot be read: ${why}.`.replace('  ', ' '), 'Check --kubeconfig, or KUBECONFIG.');
  }
};
