// How a pod reaches the API server of its own cluster: by files and two variables that Kubernetes gives it.
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClusterConfig } from './connection.ts';

const directory = '/var/run/secrets/kubernetes.io/serviceaccount';
const name = 'in-cluster';

// In a pod its ServiceAccount; elsewhere the kubeconfig of the environment. A pod does not load the library that reads kubeconfigs: it takes 8 MiB.
export const ownConfig = async (environment = process.env): Promise<ClusterConfig> => {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = '443', KUBECONFIG: file } = environment;
  return host === undefined || file !== undefined ? (await import('./kubeconfig.ts')).defaultConfig() : podConfig(host, port);
};

// The files are read each time they are needed: token and authority change.
export const podConfig = (host: string, port: string, files = directory): ClusterConfig => ({
  getCurrentCluster: () => ({ name, server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`, skipTLSVerify: false }),
  getCurrentContext: () => name,
  getContextObject: () => ({ name, cluster: name, user: name, ...namespaceOf(files) }),
  getCurrentUser: () => ({ name, authProvider: { name: 'tokenFile', config: { tokenFile: join(files, 'token') } } }),
  async applyToHTTPSOptions(options) {
    options.ca = await readFile(join(files, 'ca.crt'));
  },
});

const namespaceOf = (files: string): { namespace?: string } => {
  try {
    return { namespace: readFileSync(join(files, 'namespace'), 'utf8').trim() };
  } catch {
    return {};
  }
};
