// A PostgreSQL server in a pod of a test's own. Anybody may log in; its data go with its pod.
import { mustKubectl } from './kubectl.ts';

const serverScript = `initdb --pgdata=/tmp/data --username=postgres --auth=trust --no-sync >/dev/null
printf 'host all all all trust\\nhost replication all all trust\\n' >>/tmp/data/pg_hba.conf
exec postgres -D /tmp/data -c listen_addresses='*' -c unix_socket_directories=/tmp -c fsync=off -c max_slot_wal_keep_size=256MB`;

// The pod `postgres` and its Service.
export const serverObjects = (image: string): object[] => [
  {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'postgres', labels: { app: 'postgres' } },
    spec: {
      terminationGracePeriodSeconds: 0,
      containers: [
        {
          name: 'postgres',
          image,
          command: ['bash', '-c', serverScript],
          readinessProbe: { exec: { command: ['pg_isready', '--host=127.0.0.1'] }, periodSeconds: 1 },
        },
      ],
    },
  },
  { apiVersion: 'v1', kind: 'Service', metadata: { name: 'postgres' }, spec: { selector: { app: 'postgres' }, ports: [{ port: 5432 }] } },
];

const psql = ['psql', '--host=/tmp', '--username=postgres', '--no-psqlrc', '-tA', '-c'];

export const sqlIn = async (namespace: string, text: string): Promise<string> =>
  (await mustKubectl(['exec', 'postgres', '--namespace', namespace, '--', ...psql, text])).trim();
