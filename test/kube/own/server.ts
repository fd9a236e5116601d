// An etcd and an API server of the test's own: no kubelet, no controllers. Both can be ended and started again at will; what each user asked
// for stands in an audit log.
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { generateKeyPairSync } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { createClient } from '../../../src/kube/client.ts';
import type { KubeClient } from '../../../src/kube/client.ts';
import { connect } from '../../../src/kube/connection.ts';
import type { KubeObject } from '../../../src/kube/object.ts';
import { namespaces } from '../../../src/kube/resource.ts';
import type { Hooks } from '../../../src/kube/transport.ts';
import { endProgram, freePort, startProgram } from './processes.ts';

const root = join(import.meta.dirname, '../../..');

const program = (name: string): string => {
  const path = join(root, '.cluster/bin', name);
  if (!existsSync(path)) {
    throw new Error(`${name} is missing. Run hack/bootstrap, then hack/cluster up.`);
  }
  return path;
};

const url = (port: number): string => `http://127.0.0.1:${port}`;

export type Audited = { user: string; verb: string; resource: string; name: string; status: number; time: number };

type AuditEvent = {
  user: { username: string };
  verb: string;
  objectRef?: { resource?: string; subresource?: string; name?: string };
  responseStatus?: { code?: number };
  stage: string;
  requestReceivedTimestamp: string;
};

export type OwnServer = Awaited<ReturnType<typeof startServer>>;

// `users`: who may come, each with its name as its token. `admin` may do everything, the others what RBAC says.
export const startServer = async (users: string[] = []) => {
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-server-'));
  const file = (name: string): string => join(directory, name);
  const [etcdPort, peerPort, port] = [await freePort(), await freePort(), await freePort()];
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  await Promise.all([
    writeFile(file('service-accounts.key'), privateKey.export({ type: 'sec1', format: 'pem' })),
    writeFile(file('service-accounts.pub'), publicKey.export({ type: 'spki', format: 'pem' })),
    writeFile(file('tokens.csv'), ['admin,admin,admin,system:masters', ...users.map((name) => `${name},${name},${name}`)].join('\n')),
    writeFile(file('audit.json'), JSON.stringify(auditPolicy(users))),
  ]);
  const start = (name: string, flags: Record<string, string>) =>
    startProgram(
      program(name),
      Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`),
      file(`${name}.log`),
    );

  const startEtcd = () =>
    start('etcd', {
      'data-dir': file('etcd'),
      'unsafe-no-fsync': 'true',
      'log-level': 'warn',
      'listen-client-urls': url(etcdPort),
      'advertise-client-urls': url(etcdPort),
      'listen-peer-urls': url(peerPort),
      'initial-advertise-peer-urls': url(peerPort),
      'initial-cluster': `default=${url(peerPort)}`,
    });
  const startApi = () =>
    start('kube-apiserver', {
      'etcd-servers': url(etcdPort),
      'bind-address': '127.0.0.1',
      'secure-port': String(port),
      'cert-dir': file('certificates'),
      'authorization-mode': 'RBAC',
      'token-auth-file': file('tokens.csv'),
      'service-cluster-ip-range': '10.97.0.0/16',
      'service-account-issuer': 'https://kubernetes.default.svc',
      'service-account-key-file': file('service-accounts.pub'),
      'service-account-signing-key-file': file('service-accounts.key'),
      'endpoint-reconciler-type': 'none',
      'audit-policy-file': file('audit.json'),
      'audit-log-path': file('audit.log'),
    });

  const config = (user: string): KubeConfig => {
    const made = new KubeConfig();
    made.loadFromOptions({
      clusters: [{ name: 'own', server: `https://127.0.0.1:${port}`, skipTLSVerify: true }],
      users: [{ name: user, token: user }],
      contexts: [{ name: 'own', cluster: 'own', user }],
      currentContext: 'own',
    });
    return made;
  };
  const clients: KubeClient[] = [];
  const client = (user: string, hooks: Hooks = {}): KubeClient => {
    const made = createClient(connect(config(user)), hooks);
    clients.push(made);
    return made;
  };

  let etcd = startEtcd();
  let api = startApi();
  const admin = client('admin');
  const answers = async (): Promise<void> => {
    for (const until = performance.now() + 60_000; ;) {
      const found = await admin.get<KubeObject>(namespaces, { name: 'kube-system' }).catch(() => undefined);
      if (found !== undefined) {
        return;
      }
      if (performance.now() > until || api.exitCode !== null) {
        throw new Error(`The API server does not answer. ${readFileSync(file('kube-apiserver.log'), 'utf8').slice(-2000)}`);
      }
      await new Promise((resolve) => void setTimeout(resolve, 100));
    }
  };
  await answers();

  return {
    admin,
    client,
    config,
    // Resolves when it answers again.
    answers,
    async stopApi(): Promise<void> {
      await endProgram(api);
    },
    async startApi(): Promise<void> {
      api = startApi();
      await answers();
    },
    async restartEtcd(): Promise<void> {
      await endProgram(etcd);
      etcd = startEtcd();
      await answers();
    },
    // What the users asked for, oldest first. A watch counts once it is open.
    audited: (): Audited[] =>
      readFileSync(file('audit.log'), 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as AuditEvent)
        .filter(({ verb, stage }) => (verb === 'watch' ? stage === 'ResponseStarted' : stage === 'ResponseComplete'))
        .map(({ user, verb, objectRef = {}, responseStatus, requestReceivedTimestamp }) => ({
          user: user.username,
          verb,
          resource: [objectRef.resource, objectRef.subresource].filter((part) => part !== undefined).join('/'),
          name: objectRef.name ?? '',
          status: responseStatus?.code ?? 0,
          time: Date.parse(requestReceivedTimestamp),
        })),
    async end(): Promise<void> {
      await Promise.all(clients.map((each) => each.close()));
      await endProgram(api);
      await endProgram(etcd);
      await rm(directory, { recursive: true, force: true, maxRetries: 5 });
    },
  };
};

const auditPolicy = (users: string[]) => ({
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: users.length === 0 ? [{ level: 'None' }] : [{ level: 'Metadata', users }, { level: 'None' }],
});
