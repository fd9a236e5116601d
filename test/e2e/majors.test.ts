// PostgreSQL 15 and 18 by one full path each, on servers, agents and an operator of the test's own: backed up twice, WAL received, and brought back
// to a point between two commits, by the plugin and by a Restore, and as a dump. What is different in them is what is asserted.
import { cpSync } from 'node:fs';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import type { BackupType } from '../../src/api/backup-type.ts';
import type { Backup, Restore } from '../../src/api/objects.ts';
import { kubectl, mustKubectl } from '../cluster/kubectl.ts';
import { namespaced } from '../cluster/namespaced.ts';
import { startOperator } from '../cluster/operator-process.ts';
import type { OperatorProcess } from '../cluster/operator-process.ts';
import { dropNamespaces, letIn, ownNamespaces } from '../cluster/shut-out.ts';
import { bucketDirectory, identityFile, image } from './support/demo.ts';
import { readManifestFile } from './support/documents.ts';
import { removeTree } from './support/files.ts';
import { loginOf, prepareMajorServers, startMajorServer } from './support/major-server.ts';
import type { MajorServer } from './support/major-server.ts';
import { copySecrets } from './support/namespaces.ts';
import { explain, startBackup, whenEnded } from './support/objects.ts';
import { armPolicy, bucketTier, policyObject } from './support/policies.ts';
import type { PolicyParts } from './support/policies.ts';
import { startReceiverPod } from './support/receiver-pod.ts';
import { serverOn } from './support/restore-scene.ts';
import { openToolbox } from './support/toolbox.ts';
import type { Toolbox } from './support/toolbox.ts';
import { until } from './support/until.ts';

const namespace = 'holdfast-test-majors';
const { inNamespace, apply } = namespaced(namespace);
const majors = [15, 18] as const;
const run = Date.now().toString(36);
const prefixOf = (major: number): string => `${namespace}/pg-${major}-${run}`;

let operator: OperatorProcess;
const toolboxes = new Map<number, Toolbox>();

test.before(async () => {
  await ownNamespaces(namespace);
  await copySecrets(namespace);
  await prepareMajorServers(namespace);
  await mustKubectl(inNamespace('create', 'secret', 'generic', 'identity', `--from-file=identity=${identityFile}`));
  const images = Object.fromEntries(majors.map((major) => [major, image(`agent-${major}`)]));
  operator = await startOperator(namespace, { AGENT_IMAGES: JSON.stringify(images) });
  for (const major of majors) {
    toolboxes.set(major, await openToolbox(major));
  }
});

test.after.always(async () => {
  await dropNamespaces(namespace);
  // The operator lets its Backups go.
  await kubectl(['wait', 'namespace', namespace, '--for=delete', '--timeout=60s']);
  await operator?.kill();
  await letIn(namespace);
  removeTree(join(bucketDirectory, namespace));
  await Promise.all(toolboxes.values().map((toolbox) => toolbox.close()));
});

const policyOf = (major: number, host: string, physical: object = {}): PolicyParts => ({
  namespace,
  name: `pg-${major}`,
  components: [
    {
      name: 'db',
      postgresql: {
        version: major,
        connection: { host, sslMode: 'disable', credentialsSecretRef: { name: loginOf('holdfast_physical') } },
        physical: { enabled: true, ...physical },
        logical: { enabled: true, databases: ['postgres'], credentialsSecretRef: { name: loginOf('holdfast_dump') } },
      },
    },
  ],
  tiers: [bucketTier(prefixOf(major))],
});

const backUp = async (major: number, type: BackupType): Promise<Backup> =>
  whenEnded(namespace, await startBackup(namespace, `pg-${major}`, undefined, type), 120);

const rfc3339 = 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"';
const numbers = "SELECT count(*) || ' ' || sum(round) FROM probe";

// What is stored, with the identity, where the toolbox sees it.
const copyStore = async (toolbox: Toolbox, major: number, to: string): Promise<void> => {
  cpSync(join(bucketDirectory, prefixOf(major)), join(toolbox.folder, to), { recursive: true });
  cpSync(identityFile, join(toolbox.folder, 'identity.txt'));
  await promisify(execFile)('chown', ['--recursive', '65532:65532', toolbox.folder]);
};

// The plugin, out of the image of that major.
const plugin = (toolbox: Toolbox, ...args: string[]): Promise<string> =>
  toolbox.must(`node /app/cli.js ${args.join(' ')} --identity identity.txt 2>&1`);

// A server on a restored directory, asked.
const ask = (toolbox: Toolbox, directory: string, question: string): Promise<string> =>
  toolbox.must(`
    pg_ctl --pgdata=/work/${directory} --wait --silent --log=/work/${directory}.log --options="-c listen_addresses= -c unix_socket_directories=/tmp" start >&2
    psql --no-psqlrc -qAt -h /tmp -U postgres -d postgres -c "${question}"
    pg_ctl --pgdata=/work/${directory} --wait --silent --mode=fast stop >&2`);

const flushed = (server: MajorServer): Promise<string> => server.sql('SELECT pg_current_wal_insert_lsn()');

// Waits until the receiver has told the server that all up to the place is durable.
const untilReceived = async (server: MajorServer, lsn: string): Promise<unknown> =>
  until(
    `WAL up to ${lsn} is stored`,
    40,
    async () =>
      (await server.sql(`SELECT restart_lsn >= '${lsn}' FROM pg_replication_slots WHERE slot_name LIKE 'holdfast_majors%'`)).trim() === 't',
  );

// A Restore into a new claim: the agent of that major, and the server of that major beside it, which replays. Then a server is started on the claim.
const restoreOnCluster = async (t: ExecutionContext, major: number, time: string, wanted: string): Promise<void> => {
  const name = `back-${major}`;
  const spec = {
    source: { policyRef: { name: `pg-${major}` }, identitySecretRef: { name: 'identity' } },
    pointInTime: { time },
    components: [{ name: 'db', target: { volume: { size: '1Gi', runAs: { user: 65_532, group: 65_532 } } } }],
  };
  await apply({ apiVersion: 'holdfast.dev/v1alpha1', kind: 'Restore', metadata: { name }, spec });
  await kubectl(inNamespace('wait', `restore/${name}`, '--for=jsonpath={.status.endTime}', '--timeout=240s'));
  const { status } = JSON.parse(await mustKubectl(inNamespace('get', 'restore', name, '-o', 'json'))) as Restore;
  t.is(status?.phase, 'Complete', JSON.stringify(status?.conditions));
  await apply(serverOn(`${name}-db`, 65_532, { name, image: image(`agent-${major}`) }));
  await mustKubectl(inNamespace('wait', '--for=condition=Ready', '--timeout=90s', `pod/${name}`));
  const psql = ['exec', name, '--', 'psql', '--host=/tmp', '--username=postgres', '--no-psqlrc', '-tA', '-c'];
  t.is((await mustKubectl(inNamespace(...psql, numbers))).trim(), wanted);
  t.regex(await mustKubectl(inNamespace(...psql, 'SHOW server_version')), new RegExp(`^${major}\\.`));
};

const fullPath = async (
  t: ExecutionContext,
  major: number,
  server: MajorServer,
  second: (full: Backup, next: Backup) => void,
): Promise<void> => {
  const toolbox = toolboxes.get(major) as Toolbox;
  await server.sql('CREATE TABLE probe (id int PRIMARY KEY, round int, filler text)');
  await server.sql(`INSERT INTO probe SELECT n, 0, repeat(md5(n::text), 8) FROM generate_series(1, 20000) AS n`);
  await armPolicy(policyOf(major, server.host));
  const full = await backUp(major, 'Full');
  t.is(full.status?.phase, 'Complete', explain(full));
  const receiver = await startReceiverPod({ namespace, policy: `pg-${major}`, prefix: prefixOf(major), major, host: server.address });
  await server.sql('UPDATE probe SET round = 1 WHERE id % 1000 = 0');
  const next = await backUp(major, 'Incremental');
  t.is(next.status?.phase, 'Complete', explain(next));
  second(full, next);
  const backupId = next.status?.backupId ?? '';
  t.regex(
    readManifestFile(join(bucketDirectory, prefixOf(major)), backupId).components[0]?.facts.versions['postgresql'] ?? '',
    new RegExp(`^${major}\\.`),
  );
  const inBackup = await server.sql(numbers);

  await server.sql('UPDATE probe SET round = 10 WHERE id = 1');
  const between = await server.sql(`SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', '${rfc3339}')`);
  const wanted = await server.sql(numbers);
  await server.sql('UPDATE probe SET round = 100 WHERE id = 2');
  await untilReceived(server, await flushed(server));
  await receiver.stop();

  await copyStore(toolbox, major, 'store');
  await plugin(toolbox, 'restore', '--from store', `--backup ${backupId}`, '--to /work/whole');
  t.is((await ask(toolbox, 'whole', numbers)).trim(), inBackup);
  const said = await plugin(toolbox, 'restore', '--from store', `--to-time ${between}`, '--to /work/point');
  t.regex(said, new RegExp(`Start it with PostgreSQL ${major}`));
  t.regex(said, /WAL was replayed up to LSN/);
  t.is((await ask(toolbox, 'point', numbers)).trim(), wanted);

  await restoreOnCluster(t, major, between, wanted);

  // The dump, into the server that it was taken of.
  await server.sql('CREATE DATABASE again TEMPLATE template0');
  const connection = `"host=${server.address} user=postgres dbname=postgres"`;
  await toolbox.must(
    `PGPASSWORD=a-password-of-a-test node /app/cli.js restore --from store --identity identity.txt --backup ${backupId} --into ${connection} --database postgres --into-database again 2>&1`,
  );
  t.is(await server.sql(numbers, 'again'), inBackup);
};

test('PostgreSQL 15: an Incremental is a whole copy and says why; a point in time comes back', async (t) => {
  const server = await startMajorServer(namespace, 15, { max_slot_wal_keep_size: '1GB' });
  const required = await kubectl(
    ['apply', '--dry-run=server', '-f', '-'],
    JSON.stringify(policyObject(policyOf(15, server.host, { incremental: 'Required' }))),
  );
  t.regex(required.stderr, /Required needs a physical copy and PostgreSQL 17/);
  await fullPath(t, 15, server, (_full, next) => {
    const [component] = next.status?.components ?? [];
    t.is(component?.parent, undefined);
    t.is(component?.whole?.reason, 'ServerTooOld');
    t.regex(component?.whole?.message ?? '', /PostgreSQL 15.*begins with 17/);
  });
});

test('PostgreSQL 18: an Incremental is small and joined on restore; a point in time comes back', async (t) => {
  const server = await startMajorServer(namespace, 18, { max_slot_wal_keep_size: '1GB', summarize_wal: 'on' });
  await fullPath(t, 18, server, (full, next) => {
    t.is(next.status?.components?.[0]?.parent, full.status?.backupId);
    t.true((next.status?.bytes ?? Infinity) < (full.status?.bytes ?? 0) / 3, `${next.status?.bytes} of ${full.status?.bytes}`);
  });
});
