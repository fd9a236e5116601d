// Namespaces of the tests' own, with copies of what a policy for the demo's server needs.
import { join } from 'node:path';
import { kubectl, mustKubectl } from '../../cluster/kubectl.ts';
import { demoDirectory } from './demo.ts';

const secrets = join(demoDirectory, 'secrets');
const pki = join(demoDirectory, 'pki');

// A new namespace under that name; one that an earlier run left goes first.
export const freshNamespace = async (name: string, security: 'restricted' | 'privileged' = 'restricted'): Promise<void> => {
  await mustKubectl(['delete', 'namespace', name, '--ignore-not-found', '--wait', '--timeout=120s']);
  await mustKubectl(['create', 'namespace', name]);
  await mustKubectl(['label', 'namespace', name, `pod-security.kubernetes.io/enforce=${security}`]);
};

export const dropNamespace = async (name: string): Promise<void> => {
  await kubectl(['delete', 'namespace', name, '--ignore-not-found', '--wait', '--timeout=120s']);
};

const files: Record<string, string[]> = {
  'postgres-ca': [`ca.crt=${pki}/ca.crt`],
  'holdfast-physical': [`username=${secrets}/holdfast_physical/username`, `password=${secrets}/holdfast_physical/password`],
  'holdfast-dump': [`username=${secrets}/holdfast_dump/username`, `password=${secrets}/holdfast_dump/password`],
  'holdfast-signing': [`signing.key=${secrets}/holdfast/signing.key`],
  'holdfast-state': [`recipient=${secrets}/holdfast/state-recipient`, `identity=${secrets}/holdfast/state-identity`],
  'holdfast-store': [`accessKeyId=${secrets}/store/writer.id`, `secretAccessKey=${secrets}/store/writer.key`],
  'holdfast-store-ca': [`ca.crt=${pki}/ca.crt`],
};

// The Secrets of the demo's policy, in another namespace.
export const copySecrets = async (namespace: string): Promise<void> => {
  for (const [name, sources] of Object.entries(files)) {
    await mustKubectl(['create', 'secret', 'generic', name, '-n', namespace, ...sources.map((source) => `--from-file=${source}`)]);
  }
};
