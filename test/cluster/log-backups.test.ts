// Log backups on a real server and a real volume, by real Jobs: what a Log has proven comes back when the server is lost at once.
import { chmod, mkdir, rm } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { Backup, BackupPolicy } from '../../src/api/objects.ts';
import { lsnBytes } from '../../src/api/lsn.ts';
import { makeIdentity } from '../../src/archive/age/header.ts';
import { makeSigningPair } from '../../src/archive/signing/keys.ts';
import { identitiesIn } from '../../src/archive/recovery/keys.ts';
import { recover } from '../../src/archive/recovery/recover.ts';
import { claimDirectory } from '../e2e/support/demo.ts';
import { conditionOf, explain, getBackup, getPolicy, whenEnded } from '../e2e/support/objects.ts';
import { silent } from '../engines/agent-run.ts';
import { startServer } from '../engines/postgres-server.ts';
import { serverUid, toolboxPath } from '../engines/toolbox.ts';
import { eventually } from '../kube/on-server.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { installCrds } from './crds.ts';
import { kubectl, mustKubectl, root } from './kubectl.ts';
import { namespaced } from './namespaced.ts';
import { startOperator } from './operator-process.ts';
import type { OperatorProcess } from './operator-process.ts';
import { serverObjects, sqlIn } from './postgres-pod.ts';
import { dropNamespaces, letIn, ownNamespaces } from './shut-out.ts';

const namespace = 'holdfast-test-logs';
const images = JSON.parse(readFileSync(join(root, '.cluster/images.json'), 'utf8')) as Record<string, string>;
const { inNamespace, apply } = namespaced(namespace);
const sql = (text: string): Promise<string> => sqlIn(namespace, text);

const { identity, recipient } = await makeIdentity();
const pair = makeSigningPair();
const connection = { host: 'postgres', sslMode: 'disable', credentialsSecretRef: { name: 'login' } };
const policy = (name: string, mode: 'Continuous' | 'Scheduled') => ({
  apiVersion: 'holdfast.dev/v1alpha1',
  kind: 'BackupPolicy',
  metadata: { name },
  spec: {
    schedules: { log: { cron: '0 0 1 1 *' } },
    components: [{ name: 'db', postgresql: { version: 17, connection, logical: { enabled: false }, walArchive: { mode } } }],
    encryption: { recipients: [recipient], signingKeySecretRef: { name: 'signing' }, verificationKeys: [pair.verificationKey] },
    tiers: [{ name: 'local', persistentVolumeClaim: { size: '512Mi', storageClassName: 'standard' } }],
    jobs: { attempts: 1, resources: { requests: { cpu: '1m', memory: '1Mi' } } },
  },
});
const start = async (name: string, of: string, type: 'Full' | 'Log'): Promise<string> => {
  await apply({ apiVersion: 'holdfast.dev/v1alpha1', kind: 'Backup', metadata: { name }, spec: { policyRef: { name: of }, type } });
  return name;
};
const run = async (name: string, of: string, type: 'Full' | 'Log'): Promise<Backup> =>
  whenEnded(namespace, await start(name, of, type), 150);

let operator: OperatorProcess | undefined;

test.before(async () => {
  process.env['PATH'] = toolboxPath();
  await installCrds();
  await ownNamespaces(namespace);
  // No receiver may come to work here.
  await apply(
    { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'none' }, spec: { hard: { 'count/deployments.apps': '0' } } },
    ...serverObjects(images['postgres'] ?? ''),
  );
  await mustKubectl(inNamespace('create', 'secret', 'generic', 'login', '--from-literal=username=postgres', '--from-literal=password=b'));
  await mustKubectl(inNamespace('create', 'secret', 'generic', 'signing', `--from-literal=signing.key=${pair.privateKeyPem}`));
  await mustKubectl(inNamespace('wait', '--for=condition=Ready', '--timeout=90s', 'pod/postgres'));
  operator = await startOperator(namespace, { AGENT_IMAGES: JSON.stringify({ 17: images['agent-17'] }) });
});
test.after.always(async () => {
  await operator?.kill();
  // They are held for slots on a server that is no more.
  const release = JSON.stringify({ metadata: { finalizers: null } });
  await Promise.all(['logs', 'alone'].map((name) => kubectl(inNamespace('patch', 'hbp', name, '--type=merge', '-p', release))));
  await dropNamespaces(namespace);
  await letIn(namespace);
});

const placeOf = ({ status }: Backup) => status?.components?.[0];
const rowsOf = (table: string): string => `SELECT string_agg(id::text, ',' ORDER BY id) AS ids FROM ${table}`;

test('a Log proves what was committed before it: the server is lost at once, and the row is there; without a receiver a Log says so', async (t) => {
  await apply(policy('logs', 'Scheduled'), policy('alone', 'Continuous'));
  const full = await run('logs-full', 'logs', 'Full');
  t.is(full.status?.phase, 'Complete', explain(full));
  const lonely = start('alone-log', 'alone', 'Log');

  await sql('CREATE TABLE ledger (id int); INSERT INTO ledger VALUES (1)');
  const first = await run('logs-1', 'logs', 'Log');
  t.is(first.status?.phase, 'Complete', explain(first));
  t.is(conditionOf(first, 'Succeeded')?.reason, 'Archived');
  t.deepEqual([first.status?.backupId, first.status?.tiers], [undefined, undefined]);
  const fetched = Date.parse(first.status?.endTime ?? '');
  const alone = await whenEnded(namespace, await lonely, 150);
  t.is(conditionOf(alone, 'Stalled')?.reason, 'SourceFailed', explain(alone));
  t.regex(
    conditionOf(alone, 'Succeeded')?.message ?? '',
    /db: No receiver archives the WAL of "db": for 60 s there is no replication slot/,
  );
  t.is((await getBackup(namespace, 'alone-log')).status?.components?.[0]?.storedLsn, undefined);

  await sql('INSERT INTO ledger VALUES (2)');
  const end = await sql('SELECT pg_current_wal_flush_lsn()');
  const second = await run('logs-2', 'logs', 'Log');
  await mustKubectl(inNamespace('delete', 'pod', 'postgres', '--force', '--grace-period=0'));
  t.is(second.status?.phase, 'Complete', explain(second));
  t.true(lsnBytes(placeOf(second)?.storedLsn ?? '0/0') >= lsnBytes(end));
  t.true(lsnBytes(placeOf(second)?.storedLsn ?? '0/0') > lsnBytes(placeOf(first)?.storedLsn ?? '0/0'));

  const folder = temporaryFolder('logs');
  // The server is not root.
  await chmod(folder, 0o755);
  const directory = join(await claimDirectory(namespace, 'logs-local'), namespace, 'logs');
  const to = join(folder, 'data');
  const owner = { uid: serverUid, gid: serverUid };
  await recover(
    {
      location: { kind: 'directory', directory },
      verificationKeys: [pair.verificationKey],
      identities: identitiesIn(identity),
      wish: { point: { kind: 'latest' }, form: 'physical' },
      target: { kind: 'directory', path: to, keep: [], owner },
    },
    // Its programs see to their user themselves.
    {
      log: silent,
      signal: new AbortController().signal,
      now: () => new Date(),
      step: (_name, work) => work(),
      progress: () => undefined,
      dropsPrivileges: false,
    },
    () => undefined,
  );
  const socketDirectory = join(folder, 's');
  await mkdir(socketDirectory, { recursive: true });
  const back = await startServer({ dataDirectory: to, socketDirectory, settings: { ssl: 'off', fsync: 'off' }, hba: [] });
  t.teardown(async () => {
    await back.stop('immediate');
    await rm(to, { recursive: true, force: true });
  });
  t.deepEqual(await back.query(rowsOf('ledger')), [{ ids: '1,2' }], 'the second fetch goes on where the first one ended');

  const window = await eventuallyRead(fetched);
  t.deepEqual([window?.intervals?.length, window?.gaps], [1, []], 'one window without a gap');
});

// The store is read because of the Log, and the policy knows what the WAL leads to.
const eventuallyRead = async (since: number): Promise<NonNullable<BackupPolicy['status']>['recoverability']> => {
  let found: NonNullable<BackupPolicy['status']>['recoverability'];
  await eventually(
    'the tier is read after the Log',
    async () => {
      found = (await getPolicy(namespace, 'logs')).status?.recoverability;
      return found !== undefined && Date.parse(found.measuredTime) + 1000 > since && (found.intervals?.length ?? 0) > 0;
    },
    90,
  );
  return found;
};
