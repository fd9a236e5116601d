// A WAL receiver as a pod, with its plan and the Secrets of the tests mounted as agents expect them.
import type { ReceivePlan, TierPlan } from '../../../src/api/agent.ts';
import { mountPath, planVariable } from '../../../src/api/agent.ts';
import { kubectl, mustKubectl } from '../../cluster/kubectl.ts';
import { demoSecret, demoVerificationKey, image } from './demo.ts';
import { loginOf } from './major-server.ts';

type Fields = Record<string, unknown>;

export type ReceiverPod = { stop(): Promise<void> };

const secrets = (folder: string): [name: string, path: string][] => [
  ['holdfast-store', mountPath.tierCredentials('cloud')],
  ['holdfast-store-ca', parentOf(mountPath.tierCa('cloud'))],
  ['holdfast-signing', parentOf(mountPath.signingKey)],
  [folder, mountPath.sourceCredentials],
];

const parentOf = (path: string): string => path.slice(0, path.lastIndexOf('/'));

const tier = (prefix: string): TierPlan => ({
  name: 'cloud',
  location: {
    kind: 's3',
    bucket: 'holdfast',
    prefix,
    region: 'us-east-1',
    endpoint: 'https://store.shop-store.svc:7070',
    forcePathStyle: true,
    credentialsDirectory: mountPath.tierCredentials('cloud'),
    caFile: mountPath.tierCa('cloud'),
  },
});

export type Received = { namespace: string; policy: string; prefix: string; major: number; host: string };

const planOf = async ({ namespace, policy, prefix, major, host }: Received): Promise<ReceivePlan> => ({
  verb: 'receive',
  policy: { namespace, name: policy },
  clusterId: await mustKubectl(['get', 'namespace', 'kube-system', '-o', 'jsonpath={.metadata.uid}']),
  verificationKeys: [demoVerificationKey()],
  component: 'db',
  mode: 'Continuous',
  tiers: [{ ...tier(prefix), acknowledge: true }],
  recipients: [demoSecret('holdfast/recipient')],
  signingKeyFile: mountPath.signingKey,
  postgresql: {
    version: major,
    host,
    port: 5432,
    database: 'postgres',
    sslMode: 'disable',
    credentialsDirectory: mountPath.sourceCredentials,
  },
  slot: `holdfast_majors_${major}`,
  flushSeconds: 1,
  maxRetainedBytes: 1024 ** 3,
  synchronous: false,
});

const podOf = async (received: Received): Promise<Fields> => {
  const mounts = secrets(loginOf('holdfast_physical'));
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `receiver-${received.major}`, namespace: received.namespace },
    spec: {
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
      terminationGracePeriodSeconds: 30,
      securityContext: { runAsNonRoot: true, runAsUser: 65_532, fsGroup: 65_532, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          name: 'agent',
          image: image(`agent-${received.major}`),
          env: [{ name: planVariable, value: JSON.stringify(await planOf(received)) }],
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] }, readOnlyRootFilesystem: true },
          volumeMounts: mounts.map(([name, path]) => ({ name, mountPath: path, readOnly: true })),
        },
      ],
      volumes: mounts.map(([name]) => ({ name, secret: { secretName: name } })),
    },
  };
};

// Starts it, and waits until it says that it receives.
export const startReceiverPod = async (received: Received): Promise<ReceiverPod> => {
  const pod = `receiver-${received.major}`;
  await mustKubectl(['apply', '-f', '-'], JSON.stringify(await podOf(received)));
  await mustKubectl(['wait', `pod/${pod}`, '-n', received.namespace, '--for=condition=Ready', '--timeout=60s']);
  return {
    async stop() {
      await kubectl(['delete', 'pod', pod, '-n', received.namespace, '--ignore-not-found', '--wait', '--timeout=60s']);
    },
  };
};
