// An API server and its etcd as processes of this machine: no kubelet, no controllers, nothing but what the operator talks to. What the operator asks is audited.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { KubeConfig } from '@kubernetes/client-node';
import { createClient } from '../../src/kube/client.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { connect } from '../../src/kube/connection.ts';
import { namespaces } from '../../src/kube/resource.ts';
import { makeCertificates } from '../../test/stores/certificates.ts';
import { freePort } from '../../test/stores/servers.ts';
import { runQuietly } from '../common/measure.ts';
import type { ProcessGroup } from '../common/process-group.ts';
import { root } from '../common/settings.ts';
import { auditPolicy } from './audit.ts';
import { openEtcd } from './etcd.ts';
import type { Etcd } from './etcd.ts';
import { directory, operatorNamespace, operatorUser, serviceAccountDirectory } from './names.ts';
import { apiServerWords, etcdWords, linkTo, startProgram } from './programs.ts';

export type ApiServer = {
  port: number;
  auditFile: string;
  // An admin's.
  client: KubeClient;
  etcd: Etcd;
};

type User = { name: string; groups: string[]; token: string };

const startTries = 600;

// Starts both in one group, and installs what manifests/install.yaml has: the CRDs, the operator's rights, admission.
export const startApiServer = async (group: ProcessGroup): Promise<ApiServer> => {
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  const [port, etcdPort, peerPort] = [await freePort(), await freePort(), await freePort()];
  const { caFile, certFile, keyFile } = await makeCertificates(directory);
  const serviceAccounts = ['system:serviceaccounts', `system:serviceaccounts:${operatorNamespace}`];
  const [admin, operator] = [user('admin', 'system:masters'), user(operatorUser, ...serviceAccounts)];
  const auditFile = join(directory, 'audit.log');
  await writeFile(join(directory, 'tokens.csv'), [admin, operator].map(tokenLine).join('\n'), { mode: 0o600 });
  await writeFile(join(directory, 'audit-policy.json'), JSON.stringify(auditPolicy));
  await writeServiceAccountKeys();
  await startProgram(group, 'etcd', etcdWords(etcdPort, peerPort));
  await startProgram(group, 'kube-apiserver', apiServerWords(port, etcdPort, { certFile, keyFile, auditFile }));
  await writeServiceAccount(operator.token, caFile);
  const config = kubeconfig(`https://127.0.0.1:${port}`, caFile, admin);
  const client = createClient(connect(config));
  await untilReady(client);
  await install(config);
  return { port, auditFile, client, etcd: openEtcd(etcdPort) };
};

const user = (name: string, ...groups: string[]): User => ({ name, groups, token: randomBytes(16).toString('hex') });

const tokenLine = ({ token, name, groups }: User): string => `${token},${name},${name},"${groups.join(',')}"`;

const writeServiceAccountKeys = async (): Promise<void> => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  await writeFile(join(directory, 'service-accounts.key'), privateKey, { mode: 0o600 });
  await writeFile(join(directory, 'service-accounts.pub'), publicKey);
};

const kubeconfig = (server: string, caFile: string, { name, token }: User): KubeConfig => {
  const config = new KubeConfig();
  config.loadFromOptions({
    clusters: [{ name: 'bench', server, caFile, skipTLSVerify: false }],
    users: [{ name, token }],
    contexts: [{ name: 'bench', cluster: 'bench', user: name, namespace: operatorNamespace }],
    currentContext: 'bench',
  });
  return config;
};

// The operator is no admin, whom priority and fairness would let pass.
const writeServiceAccount = async (token: string, caFile: string): Promise<void> => {
  await mkdir(serviceAccountDirectory);
  await writeFile(join(serviceAccountDirectory, 'token'), token, { mode: 0o600 });
  await writeFile(join(serviceAccountDirectory, 'namespace'), operatorNamespace);
  await copyFile(caFile, join(serviceAccountDirectory, 'ca.crt'));
};

const untilReady = async (client: KubeClient): Promise<void> => {
  for (let tries = 1; ; tries += 1) {
    try {
      if ((await client.get(namespaces, { name: 'kube-system' })) !== undefined) {
        return;
      }
    } catch (error) {
      if (tries >= startTries) {
        throw error;
      }
    }
    await pause(100);
  }
};

const install = async (config: KubeConfig): Promise<void> => {
  const file = join(directory, 'admin.kubeconfig');
  await writeFile(file, config.exportConfig(), { mode: 0o600 });
  const kubectl = [await linkTo('kubectl'), '--kubeconfig', file];
  const crds = join(root, 'crds');
  await runQuietly([...kubectl, 'apply', '--server-side', '-f', crds]);
  await runQuietly([...kubectl, 'wait', '--for=condition=Established', '--timeout=60s', '-f', crds]);
  await runQuietly([...kubectl, 'apply', '--server-side', '-f', join(root, 'manifests/install.yaml')]);
};
