// A component that cannot start, log in or find room fails alone, by its name, in time; the others are sealed, and the next slot runs.
import { join } from 'node:path';
import test from 'ava';
import type { Backup } from '../../src/api/objects.ts';
import { mustKubectl } from '../cluster/kubectl.ts';
import { claimDirectory, identityFile } from './support/demo.ts';
import { readManifestFile } from './support/documents.ts';
import { filesBelow } from './support/files.ts';
import { copySecrets, dropNamespace, freshNamespace } from './support/namespaces.ts';
import { conditionOf, explain, listBackups, startBackup, whenEnded } from './support/objects.ts';
import { addAgentImage } from './support/operator.ts';
import { armPolicy, connection, dumpsOf, shopDatabase, volumeTier } from './support/policies.ts';
import type { PolicyParts } from './support/policies.ts';
import { dropNoise, makeNoise, shopSql } from './support/sql.ts';
import { until } from './support/until.ts';
import { run } from '../cluster/kubectl.ts';

const minute = 60_000;
const namespace = 'holdfast-test-e2e';
const noise = 'holdfast_e2e_noise';
const startSeconds = 30;

let takeImageAway: (() => Promise<void>) | undefined;
let mixed: Backup;

const mixedPolicy: PolicyParts = {
  namespace,
  name: 'mixed',
  components: [
    { name: 'good', postgresql: shopDatabase() },
    { name: 'no-secret', postgresql: shopDatabase({ connection: connection({ credentialsSecretRef: { name: 'not-there' } }) }) },
    { name: 'wrong-password', postgresql: shopDatabase({ connection: connection({ credentialsSecretRef: { name: 'wrong-login' } }) }) },
    { name: 'unreachable', postgresql: shopDatabase({ connection: connection({ host: 'nowhere.shop.svc' }) }) },
    { name: 'bad-image', postgresql: shopDatabase({ version: 15 }) },
  ],
  tiers: [volumeTier('512Mi')],
  jobs: { parallelism: 5, attempts: 1, deadlines: { start: `${startSeconds}s` } },
};

test.before(async () => {
  await freshNamespace(namespace);
  await copySecrets(namespace);
  const login = ['--from-literal=username=holdfast_physical', '--from-literal=password=not-the-password'];
  await mustKubectl(['create', 'secret', 'generic', 'wrong-login', '-n', namespace, ...login]);
  takeImageAway = await addAgentImage(15, 'localhost:5317/holdfast/agent-15:not-there');
});

test.after.always(async () => {
  await dropNamespace(namespace);
  await takeImageAway?.();
  await dropNoise(noise);
  await shopSql('ALTER SYSTEM RESET log_replication_commands');
  await shopSql('SELECT pg_reload_conf()');
});

test.serial('five components, four that cannot work: PartiallyFailed within the deadline for starting', async (t) => {
  t.timeout(6 * minute);
  await armPolicy(mixedPolicy);
  const began = Date.now();
  const name = await startBackup(namespace, 'mixed');
  mixed = await whenEnded(namespace, name, 200);
  const seconds = (Date.now() - began) / 1000;
  t.true(seconds <= startSeconds + 60, `it took ${seconds} s`);
  t.is(mixed.status?.phase, 'PartiallyFailed', explain(mixed));
  t.is(conditionOf(mixed, 'Succeeded')?.status, 'False');
  t.is(conditionOf(mixed, 'Stalled')?.status, 'True');
  t.is(conditionOf(mixed, 'Ready')?.status, 'False');
});

const failures: { component: string; category: string; says: RegExp }[] = [
  { component: 'no-secret', category: 'Start', says: /secret "not-there" not found/ },
  {
    component: 'wrong-password',
    category: 'Configuration',
    says: /does not accept the password of "holdfast_physical".*credentialsSecretRef/,
  },
  { component: 'unreachable', category: 'Source', says: /nowhere\.shop\.svc:5432 does not answer.*Check connection\.host/ },
  { component: 'bad-image', category: 'Start', says: /(ErrImagePull|ImagePullBackOff).*agent-15:not-there/ },
];

for (const { component, category, says } of failures) {
  test.serial(`its own reason stands at the component "${component}" and in the condition`, (t) => {
    const found = mixed.status?.components?.find(({ name }) => name === component);
    t.is(found?.outcome, 'Failed');
    t.is(found?.category, category, found?.message);
    t.regex(found?.message ?? '', says);
    t.true(conditionOf(mixed, 'Succeeded')?.message.includes(`${component}: `));
  });
}

test.serial('the good component is sealed and opens with stock tools', async (t) => {
  t.timeout(2 * minute);
  const id = mixed.status?.backupId ?? '';
  t.is(mixed.status?.components?.find(({ name }) => name === 'good')?.outcome, 'Succeeded');
  const repository = join(await claimDirectory(namespace, 'mixed-local'), namespace, 'mixed');
  const manifest = readManifestFile(repository, id);
  t.deepEqual(
    manifest.components.map(({ name }) => name),
    ['good'],
  );
  t.deepEqual(
    manifest.failed.map(({ name, category }) => `${name} ${category}`).toSorted(),
    failures.map(({ component, category }) => `${component} ${category}`).toSorted(),
  );
  const [good] = manifest.components;
  const script = `age -d -i "$1" "$2"/keys/${good?.keyId}/*.age >"$3"; cat "$2"/data/${id}/good/1/base.tar.zst.age.* | age -d -i "$3" | zstd -dc | tar -t; rm "$3"`;
  const { code, stdout, stderr } = await run('bash', [
    '-euo',
    'pipefail',
    '-c',
    script,
    'restore',
    identityFile,
    repository,
    join(repository, '../attempt.key'),
  ]);
  t.is(code, 0, stderr);
  for (const member of ['PG_VERSION', 'backup_label', 'global/pg_control', 'backup_manifest']) {
    t.true(stdout.split('\n').includes(member), member);
  }
});

test.serial('the next slot of the schedule runs', async (t) => {
  t.timeout(5 * minute);
  await armPolicy({ ...mixedPolicy, schedules: { full: { cron: '* * * * *' } } });
  const scheduled = await until('a Backup of the schedule that has ended', 200, async () =>
    (await listBackups(namespace)).find(({ metadata, status }) => metadata.name.startsWith('mixed-full-') && status?.endTime !== undefined),
  );
  t.is(scheduled.status?.components?.find(({ name }) => name === 'good')?.outcome, 'Succeeded', explain(scheduled));
  await mustKubectl(['delete', 'backuppolicy', 'mixed', '-n', namespace, '--timeout=60s']);
  await mustKubectl(['delete', 'backups', '--all', '-n', namespace, '--timeout=120s']);
});

// What the server logs of replication, and of dumps, since a time.
const serverLog = (since: string): Promise<string> => mustKubectl(['logs', '-n', 'shop', 'postgres-0', `--since-time=${since}`]);
const copyCommands = /received replication command: (BASE_BACKUP|CREATE_REPLICATION_SLOT)/;

test.serial('a volume that is too small is seen before PostgreSQL is touched', async (t) => {
  t.timeout(5 * minute);
  await shopSql('ALTER SYSTEM SET log_replication_commands = on');
  await shopSql('SELECT pg_reload_conf()');
  const since = new Date().toISOString();
  await armPolicy({
    namespace,
    name: 'tiny',
    components: [{ name: 'db', postgresql: shopDatabase() }],
    tiers: [volumeTier('8Mi', 'sized')],
  });
  const backup = await whenEnded(namespace, await startBackup(namespace, 'tiny'), 120);
  t.is(backup.status?.phase, 'Failed', explain(backup));
  t.is(conditionOf(backup, 'Succeeded')?.reason, 'InsufficientSpace');
  const [component] = backup.status?.components ?? [];
  t.is(component?.category, 'InsufficientSpace');
  t.is(component?.attempt, 1);
  t.regex(component?.message ?? '', /MiB free.*may need \d+ MiB.*Make the volume larger/);
  t.notRegex(await serverLog(since), copyCommands);
  const files = filesBelow(await claimDirectory(namespace, 'tiny-local'));
  t.deepEqual(
    files.filter((path) => !path.includes('/logs/')),
    [],
  );
  // The same search finds a copy that was made.
  await armPolicy({
    namespace,
    name: 'roomy',
    components: [{ name: 'db', postgresql: shopDatabase() }],
    tiers: [volumeTier('512Mi', 'sized')],
  });
  const good = await whenEnded(namespace, await startBackup(namespace, 'roomy'), 180);
  t.is(good.status?.phase, 'Complete', explain(good));
  t.regex(await serverLog(since), copyCommands);
});

test.serial('a volume that becomes full in mid-dump: InsufficientSpace, and nothing half-written', async (t) => {
  t.timeout(6 * minute);
  // It does not compress, so the dump is about four times as large as is guessed.
  await makeNoise(noise, 40);
  await armPolicy({
    namespace,
    name: 'full',
    components: [{ name: 'db', postgresql: dumpsOf([noise]) }],
    tiers: [volumeTier('32Mi', 'sized')],
  });
  const backup = await whenEnded(namespace, await startBackup(namespace, 'full'), 180);
  t.is(backup.status?.phase, 'Failed', explain(backup));
  const [component] = backup.status?.components ?? [];
  t.is(component?.category, 'InsufficientSpace', component?.message);
  t.regex(component?.message ?? '', /is full\. Make it larger/);
  t.is(component?.attempt, 1);
  const repository = join(await claimDirectory(namespace, 'full-local'), namespace, 'full');
  const files = filesBelow(repository).map((path) => path.split('/')[0] ?? path);
  t.deepEqual([...new Set(files)], ['holdfast.json', 'keys', 'logs', 'writers']);
});
