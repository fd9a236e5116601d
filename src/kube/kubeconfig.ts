// The kubeconfig of a person: KUBECONFIG, or ~/.kube/config. Inside a pod, that of its ServiceAccount.
import { KubeConfig } from '@kubernetes/client-node';

// Throws where there is none, or no such context.
export const defaultConfig = (context?: string): KubeConfig => {
  const config = new KubeConfig();
  if (process.env['KUBERNETES_SERVICE_HOST'] !== undefined && process.env['KUBECONFIG'] === undefined) {
    config.loadFromCluster();
  } else {
    config.loadFromDefault();
  }
  if (context !== undefined) {
    config.setCurrentContext(context);
  }
  return config;
};
