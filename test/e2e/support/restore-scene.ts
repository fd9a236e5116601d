// A shop of a test's own for restores: a StatefulSet with its claim, an application beside it, a policy with WAL to the bucket, and what was committed when.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Restore } from '../../../src/api/objects.ts';
import { findCondition } from '../../../src/core/plan/conditions.ts';
import { eventually } from '../../kube/on-server.ts';
import { kubectl, mustKubectl, root } from '../../cluster/kubectl.ts';
import { namespaced } from '../../cluster/namespaced.ts';
import { demoSecret, demoVerificationKey, identityFile } from './demo.ts';
import { bucketTier } from './policies.ts';

export const images = JSON.parse(readFileSync(join(root, '.cluster/images.json'), 'utf8')) as Record<string, string>;
const user = 65_532;

const script = `[ -s /data/pgdata/PG_VERSION ] || {
  initdb --username=postgres --auth=trust --no-sync --data-checksums >/dev/null
  printf 'host all all all trust\\nhost replication all all trust\\n' >>/data/pgdata/pg_hba.conf
}
exec postgres -c listen_addresses='*' -c unix_socket_directories=/tmp -c max_slot_wal_keep_size=512MB`;

const container = (image: string) => ({
  name: 'postgres',
  image,
  command: ['bash', '-c', script],
  // Clients look up who they are where nobody tells them, and the image does not know every user.
  env: [
    { name: 'PGDATA', value: '/data/pgdata' },
    { name: 'PGUSER', value: 'postgres' },
  ],
  readinessProbe: { exec: { command: ['pg_isready', '--host=127.0.0.1'] }, periodSeconds: 1 },
  volumeMounts: [{ name: 'data', mountPath: '/data' }],
});
// Without OnRootMismatch the kubelet makes every data directory writable for its group, and PostgreSQL refuses it.
const runningAs = (id: number) => ({ runAsUser: id, runAsGroup: id, fsGroup: id, fsGroupChangePolicy: 'OnRootMismatch' });

// What differs from the shop of the tests: where it is backed up to, on what it lies, how its application is told to stop.
export type RestoreSceneParts = { tier?: object; storageClassName?: string; size?: string; web?: object; jobs?: object };

const statefulSet = ({ storageClassName = 'standard', size = '2Gi' }: RestoreSceneParts) => ({
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: { name: 'postgres' },
  spec: {
    serviceName: 'postgres',
    replicas: 1,
    selector: { matchLabels: { app: 'postgres' } },
    template: {
      metadata: { labels: { app: 'postgres' } },
      spec: { terminationGracePeriodSeconds: 20, securityContext: runningAs(user), containers: [container(images['postgres'] ?? '')] },
    },
    volumeClaimTemplates: [
      {
        metadata: { name: 'data' },
        spec: { accessModes: ['ReadWriteOnce'], storageClassName, resources: { requests: { storage: size } } },
      },
    ],
  },
});
export const service = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'postgres' },
  spec: { selector: { app: 'postgres' }, ports: [{ port: 5432 }] },
};
const deployment = ({
  web = { terminationGracePeriodSeconds: 1, containers: [{ name: 'web', image: images['pause'] }] },
}: RestoreSceneParts) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web' },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: web,
    },
  },
});

// A server that somebody starts on a claim that was restored.
export const serverOn = (claimName: string, id = user, { name = 'restored', image = images['postgres'] ?? '' } = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: {
    terminationGracePeriodSeconds: 0,
    securityContext: runningAs(id),
    containers: [container(image)],
    volumes: [{ name: 'data', persistentVolumeClaim: { claimName } }],
  },
});

// And one that can be stopped, found by the name of the Service.
export const workloadOn = (claimName: string) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'postgres' },
  spec: {
    replicas: 1,
    strategy: { type: 'Recreate' },
    selector: { matchLabels: { app: 'postgres' } },
    template: { metadata: { labels: { app: 'postgres' } }, spec: serverOn(claimName).spec },
  },
});

export type RestoreScene = ReturnType<typeof restoreScene>;

export const restoreScene = (namespace: string, parts: RestoreSceneParts = {}) => {
  const { inNamespace, apply } = namespaced(namespace);
  const prefix = `tests/restores-${Date.now()}`;
  const psql = ['psql', '--host=/tmp', '--username=postgres', '--no-psqlrc', '-tA', '-c'];
  const sqlIn = async (pod: string, text: string): Promise<string> =>
    (await mustKubectl(['exec', pod, '--namespace', namespace, '--', ...psql, text])).trim();
  const sql = (text: string): Promise<string> => sqlIn('postgres-0', text);
  const read = async (name: string): Promise<Restore> =>
    JSON.parse(await mustKubectl(inNamespace('get', 'restore', name, '-o', 'json'))) as Restore;
  const field = (path: string, ...what: string[]): Promise<string> => mustKubectl(inNamespace('get', ...what, '-o', `jsonpath=${path}`));
  const up = (): Promise<string> => mustKubectl(inNamespace('wait', '--for=condition=Ready', '--timeout=90s', 'pod/postgres-0'));

  // By the server's clock.
  const serverTime = (): Promise<string> => sql(`SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`);

  const policy = {
    apiVersion: 'holdfast.dev/v1alpha1',
    kind: 'BackupPolicy',
    metadata: { name: 'shop' },
    spec: {
      components: [
        {
          name: 'db',
          postgresql: {
            version: 17,
            connection: { host: 'postgres', sslMode: 'disable', credentialsSecretRef: { name: 'login' } },
            walArchive: { flushInterval: '1s' },
          },
        },
      ],
      encryption: {
        recipients: [demoSecret('holdfast/recipient')],
        signingKeySecretRef: { name: 'holdfast-signing' },
        verificationKeys: [demoVerificationKey()],
      },
      tiers: [parts.tier ?? bucketTier(prefix)],
      jobs: { resources: { requests: { cpu: '1m', memory: '1Mi' } }, deadlines: { start: '2m' }, ...parts.jobs },
    },
  };

  return {
    prefix,
    inNamespace,
    apply,
    sql,
    sqlIn,
    read,
    up,
    async build(): Promise<void> {
      await mustKubectl(
        inNamespace('create', 'secret', 'generic', 'login', '--from-literal=username=postgres', '--from-literal=password=b'),
      );
      await mustKubectl(inNamespace('create', 'secret', 'generic', 'identity', `--from-file=identity=${identityFile}`));
      await apply(statefulSet(parts), service, deployment(parts));
      await eventually('the server is there', async () => (await kubectl(inNamespace('get', 'pod/postgres-0'))).code === 0, 60);
      await up();
      // Some time after that the Service leads there, too: a backup that comes before that waits for its second attempt.
      await eventually(
        'the Service leads to it',
        async () => (await kubectl(inNamespace('exec', 'postgres-0', '--', 'pg_isready', '--host=postgres'))).code === 0,
        60,
      );
      await apply(policy);
      await sql('CREATE TABLE orders (id int PRIMARY KEY, at timestamptz DEFAULT clock_timestamp())');
    },
    time: serverTime,
    // Commits orders, and says when all of them were there.
    async order(from: number, to: number): Promise<string> {
      await sql(`INSERT INTO orders SELECT generate_series(${from}, ${to})`);
      return serverTime();
    },
    orders: (pod = 'postgres-0'): Promise<string> =>
      sqlIn(pod, "SELECT coalesce(string_agg(id::text, ',' ORDER BY id), 'none') FROM orders"),
    // Until every commit before that time is in the archive. The receiver says so at once, the policy when it has read its tiers.
    archived: (time: string): Promise<void> =>
      eventually(
        `the archive reaches ${time}`,
        async () => {
          const { stdout } = await kubectl(inNamespace('logs', 'deploy/shop-wal-db', '--tail=5'));
          const marks = [...stdout.matchAll(/"markTime":"([^"]+)"/g)].flatMap(([, mark]) => mark ?? []);
          return marks.some((mark) => mark > time);
        },
        120,
      ),
    replicas: async (): Promise<string> =>
      `${await field('{.spec.replicas}', 'statefulset', 'postgres')} ${await field('{.spec.replicas}', 'deployment', 'web')}`,
    restore: (name: string, spec: object = {}): Promise<string> =>
      apply({
        apiVersion: 'holdfast.dev/v1alpha1',
        kind: 'Restore',
        metadata: { name },
        spec: {
          source: { policyRef: { name: 'shop' }, identitySecretRef: { name: 'identity' } },
          components: [{ name: 'db', target: { inPlace: { claimName: 'data-postgres-0' } } }],
          quiesce: { workloads: [{ kind: 'Deployment', name: 'web' }] },
          confirmation: `${namespace}/shop`,
          ...spec,
        },
      }),
    undo: (name: string, of: string): Promise<string> =>
      apply({
        apiVersion: 'holdfast.dev/v1alpha1',
        kind: 'Restore',
        metadata: { name },
        spec: { source: { policyRef: { name: 'shop' }, restoreRef: { name: of } }, confirmation: `${namespace}/shop` },
      }),
    // How it ended, as `<phase> <reason>: <message>`.
    async ended(name: string, seconds = 240): Promise<string> {
      await eventually(`${name} ends`, async () => (await read(name)).status?.endTime !== undefined, seconds);
      const { status } = await read(name);
      const { reason, message } = findCondition(status?.conditions, 'Succeeded') ?? {};
      return `${status?.phase} ${reason}: ${message}`;
    },
    // Names of what lies in the volume of the server.
    volume: async (): Promise<string[]> =>
      (await mustKubectl(['exec', 'postgres-0', '--namespace', namespace, '--', 'ls', '-A', '/data'])).trim().split('\n'),
  };
};
