// A PostgreSQL of any major version, as a pod: the server out of the agent's image, made as the demo's is, with the two roles of Holdfast.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { mustKubectl, root } from '../../cluster/kubectl.ts';
import { image } from './demo.ts';

type Fields = Record<string, unknown>;

export type MajorServer = {
  readonly host: string;
  // Its address, also for this machine.
  readonly address: string;
  // Runs statements and returns what they print: rows on lines, fields joined by "|".
  sql(text: string, database?: string): Promise<string>;
};

const password = 'a-password-of-a-test';
const hba = 'local all all trust\nhost all all all scram-sha-256\nhost replication all all scram-sha-256\n';
const makeRoles = `psql -v ON_ERROR_STOP=1 --quiet --set=physical_password=${password} --set=dump_password=${password} --file=/init/roles.psql\n`;

// The Secrets that a policy for such a server names.
export const loginOf = (role: 'holdfast_physical' | 'holdfast_dump'): string => role.replace('_', '-').concat('-test');

const secret = (namespace: string, role: 'holdfast_physical' | 'holdfast_dump'): Fields => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: loginOf(role), namespace },
  stringData: { username: role, password },
});

const files = (namespace: string): Fields => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'server-files', namespace },
  data: {
    entrypoint: readFileSync(join(root, 'hack/images/postgres/entrypoint'), 'utf8'),
    'pg_hba.conf': hba,
    'roles.sh': makeRoles,
    'roles.psql': readFileSync(join(root, 'manifests/postgresql/roles.sql'), 'utf8'),
    password,
  },
});

const pod = (namespace: string, major: number, settings: Record<string, string>): Fields => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: `postgres-${major}`, namespace, labels: { app: `postgres-${major}` } },
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
        name: 'postgres',
        image: image(`agent-${major}`),
        command: ['bash', '/init/entrypoint'],
        args: Object.entries({ listen_addresses: '*', ...settings }).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
        env: [
          { name: 'PGDATA', value: '/data/main' },
          { name: 'LANG', value: 'C.UTF-8' },
          { name: 'POSTGRES_PASSWORD_FILE', value: '/init/password' },
        ],
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        readinessProbe: { exec: { command: ['pg_isready', '--host=/tmp'] }, periodSeconds: 1 },
        volumeMounts: [
          { name: 'data', mountPath: '/data' },
          { name: 'files', mountPath: '/init' },
          { name: 'tmp', mountPath: '/tmp' },
        ],
      },
    ],
    volumes: [
      { name: 'data', emptyDir: {} },
      { name: 'tmp', emptyDir: {} },
      { name: 'files', configMap: { name: 'server-files' } },
    ],
  },
});

const service = (namespace: string, major: number): Fields => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: `postgres-${major}`, namespace },
  spec: { selector: { app: `postgres-${major}` }, ports: [{ port: 5432 }] },
});

const apply = (...items: Fields[]): Promise<string> =>
  mustKubectl(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));

// What all such servers of a namespace share.
export const prepareMajorServers = (namespace: string): Promise<string> =>
  apply(secret(namespace, 'holdfast_physical'), secret(namespace, 'holdfast_dump'), files(namespace));

// Starts one in a prepared namespace, and waits until it answers.
export const startMajorServer = async (namespace: string, major: number, settings: Record<string, string> = {}): Promise<MajorServer> => {
  await apply(service(namespace, major), pod(namespace, major, settings));
  await mustKubectl(['wait', `pod/postgres-${major}`, '-n', namespace, '--for=condition=Ready', '--timeout=120s']);
  const address = await mustKubectl(['get', `pod/postgres-${major}`, '-n', namespace, '-o', 'jsonpath={.status.podIP}']);
  const inside = ['exec', '-i', '-n', namespace, `postgres-${major}`, '--'];
  const psql = ['psql', '--no-psqlrc', '--host=/tmp', '--username=postgres', '-qAt', '--set=ON_ERROR_STOP=1', '--file=-'];
  return {
    host: `postgres-${major}.${namespace}.svc`,
    address,
    sql: async (text, database = 'postgres') => (await mustKubectl([...inside, ...psql, `--dbname=${database}`], text)).trim(),
  };
};
