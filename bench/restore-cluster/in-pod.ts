// The offline command in a pod beside the shop, with the same image, store and disk as the Jobs of a Restore.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../common/settings.ts';
import { kubectl, kubectlWith, namespace, policy } from './kubectl.ts';

const pod = 'bench-offline';
const images = (): Record<string, string> => JSON.parse(readFileSync(join(root, '.cluster/images.json'), 'utf8')) as Record<string, string>;

const manifest = () => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: pod, namespace },
  spec: {
    automountServiceAccountToken: false,
    terminationGracePeriodSeconds: 1,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 65_532,
      runAsGroup: 65_532,
      fsGroup: 65_532,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    containers: [
      {
        name: 'agent',
        image: images()['agent-17'],
        command: ['sleep', 'infinity'],
        resources: { limits: { memory: '1536Mi' } },
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        volumeMounts: [
          { name: 'work', mountPath: '/work' },
          { name: 'store', mountPath: '/secrets/store', readOnly: true },
          { name: 'ca', mountPath: '/secrets/ca', readOnly: true },
          { name: 'identity', mountPath: '/secrets/identity', readOnly: true },
        ],
      },
    ],
    volumes: [
      { name: 'work', emptyDir: {} },
      { name: 'store', secret: { secretName: 'holdfast-store', defaultMode: 0o440 } },
      { name: 'ca', secret: { secretName: 'holdfast-store-ca', defaultMode: 0o440 } },
      { name: 'identity', secret: { secretName: 'bench-identity', defaultMode: 0o440 } },
    ],
  },
});

export const startOfflinePod = async (): Promise<void> => {
  await kubectlWith(JSON.stringify(manifest()), 'apply', '-f', '-');
  await kubectl('wait', `pod/${pod}`, '--for=condition=Ready', '--timeout=120s');
};

export const stopOfflinePod = (): Promise<string> => kubectl('delete', 'pod', pod, '--ignore-not-found', '--wait=false');

type Bucket = { bucket: string; prefix: string; endpoint: string };

// Seconds of one restore by the plugin, to a folder that goes away again.
export const restoreOffline = async (): Promise<number> => {
  const text = await kubectl('get', 'hbp', policy, '-o', 'jsonpath={.spec.tiers[?(@.name=="cloud")].s3}');
  const { bucket, prefix, endpoint } = JSON.parse(text) as Bucket;
  const begun = performance.now();
  const store = `--from s3://${bucket}/${prefix} --endpoint ${endpoint} --credentials-dir /secrets/store --ca-file /secrets/ca/ca.crt`;
  await kubectl(
    'exec',
    pod,
    '--',
    'sh',
    '-c',
    `node /app/cli.js restore --latest --to /work/data ${store} --identity /secrets/identity/identity`,
  );
  const seconds = (performance.now() - begun) / 1000;
  await kubectl('exec', pod, '--', 'rm', '-rf', '/work/data');
  return seconds;
};
