// The operator as a process on an API server of the test's own, with the rights that the chart gives.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseAllDocuments } from 'yaml';
import type { KubeObject } from '../../../src/kube/object.ts';
import type { Resource } from '../../../src/kube/resource.ts';
import { namespaces } from '../../../src/kube/resource.ts';
import { eventually } from '../patience.ts';
import type { OwnServer } from './server.ts';

const root = join(import.meta.dirname, '../../..');

type LogLine = { level: string; message: string; time: number } & Record<string, unknown>;

export type OwnOperator = Awaited<ReturnType<typeof startOwnOperator>>;

// `user`: as whom it comes. It looks at one namespace, and its Lease lies there too.
export const startOwnOperator = async (server: OwnServer, user: string, namespace: string) => {
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-operator-'));
  const kubeconfig = join(directory, 'kubeconfig');
  await writeFile(kubeconfig, server.config(user).exportConfig());
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', process.execPath, 'src/operator.ts'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      KUBECONFIG: kubeconfig,
      WATCH_NAMESPACE: namespace,
      LEASE_NAME: 'holdfast',
      LEASE_NAMESPACE: namespace,
      AGENT_IMAGES: '{"17":"registry.example.org/agent-17:1"}',
      HEALTH_PORT: '0',
    },
  });
  const log: LogLine[] = [];
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  createInterface({ input: child.stdout }).on('line', (text) => log.push({ ...(JSON.parse(text) as LogLine), time: performance.now() }));
  const exit = once(child, 'exit') as Promise<[number | null, string | null]>;
  void exit.then(() => rm(directory, { recursive: true, force: true }));
  const saidAt = (message: string): number | undefined => log.find((line) => line.message === message)?.time;
  const isRunning = (): boolean => child.exitCode === null && child.signalCode === null;

  return {
    user,
    log,
    stderr: () => stderr,
    isRunning,
    saidAt,
    // When it said so, on this process' steady clock.
    says: async (message: string, seconds = 30): Promise<number> => {
      await eventually(
        `${user} says "${message}"; it said ${JSON.stringify(log.slice(-3))}${stderr}`,
        () => saidAt(message) !== undefined,
        seconds,
      );
      return saidAt(message) ?? 0;
    },
    signal: (name: 'SIGTERM' | 'SIGKILL' | 'SIGSTOP' | 'SIGCONT') => void child.kill(name),
    // Its exit code, or the signal that ended it.
    ended: async (): Promise<number | string> => {
      const [code, signal] = await exit;
      return code ?? signal ?? '';
    },
  };
};

type Manifest = KubeObject & { kind: string; apiVersion: string; subjects?: unknown; roleRef?: unknown };

const manifests = (): Manifest[] =>
  parseAllDocuments(readFileSync(join(root, 'manifests/install.yaml'), 'utf8')).map((document) => document.toJS() as Manifest);

const resourceOf = ({ kind, apiVersion }: Manifest): Resource => {
  const [version = '', group = ''] = apiVersion.split('/').toReversed();
  return { group, version, kind, plural: `${kind.toLowerCase()}s` };
};

const named = (kind: string, name: string): Manifest => {
  const found = manifests().find((object) => object.kind === kind && object.metadata?.name === name);
  if (found === undefined) {
    throw new Error(`manifests/install.yaml has no ${kind} ${name}`);
  }
  return found;
};

const subject = (name: string) => ({ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name });

const make = (server: OwnServer, object: Manifest): Promise<unknown> => server.admin.create(resourceOf(object), object);

// The kinds of Holdfast, and for the users what the chart grants the operator, in these namespaces.
export const installKinds = async (server: OwnServer, users: string[], inNamespaces: string[]): Promise<void> => {
  await Promise.all(
    manifests()
      .filter(({ kind }) => kind === 'CustomResourceDefinition')
      .map((object) => make(server, object)),
  );
  await make(server, named('ClusterRole', 'holdfast-operator'));
  const binding = named('ClusterRoleBinding', 'holdfast-operator');
  await Promise.all(users.map((name) => make(server, { ...binding, metadata: { name }, subjects: [subject(name)] })));
  for (const namespace of inNamespaces) {
    const object = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } };
    await server.admin.create(namespaces, object);
    await make(server, { ...named('Role', 'holdfast-leader'), metadata: { name: 'holdfast-leader', namespace } });
    const granted = named('RoleBinding', 'holdfast-leader');
    await make(server, { ...granted, metadata: { name: 'holdfast-leader', namespace }, subjects: users.map(subject) });
  }
};

// From now on a user may do nothing any more with these resources.
export const takeAway = async (server: OwnServer, user: string, resource: string): Promise<void> => {
  const role = named('ClusterRole', 'holdfast-operator') as Manifest & { rules: { resources: string[] }[] };
  const rules = role.rules
    .map((rule) => ({ ...rule, resources: rule.resources.filter((each) => each !== resource) }))
    .filter(({ resources }) => resources.length > 0);
  const binding = named('ClusterRoleBinding', 'holdfast-operator');
  await make(server, { ...role, metadata: { name: user }, rules } as Manifest);
  await server.admin.delete(resourceOf(binding), { name: user });
  await make(server, {
    ...binding,
    metadata: { name: user },
    subjects: [subject(user)],
    roleRef: { ...(binding.roleRef as object), name: user },
  });
};
