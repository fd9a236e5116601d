// A Full, an Incremental and a Differential of the demo's server: small, named after what they build on, and restored in both ways.
import { execFile } from 'node:child_process';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import type { BackupType } from '../../src/api/backup-type.ts';
import type { Backup } from '../../src/api/objects.ts';
import { runHere } from '../commands/capture.ts';
import { bucketDirectory, identityFile } from './support/demo.ts';
import { readManifestFile } from './support/documents.ts';
import { removeTree } from './support/files.ts';
import { copySecrets, dropNamespace, freshNamespace } from './support/namespaces.ts';
import { explain, startBackup, whenEnded } from './support/objects.ts';
import { armPolicy, bucketTier, shopDatabase } from './support/policies.ts';
import { shopSql } from './support/sql.ts';
import { openToolbox } from './support/toolbox.ts';
import type { Toolbox } from './support/toolbox.ts';

const namespace = 'holdfast-test-increments';
const prefix = `${namespace}/run-${Date.now().toString(36)}`;
const repository = join(bucketDirectory, prefix);
const server = '65532:65532';

let toolbox: Toolbox;

test.before(async () => {
  toolbox = await openToolbox();
  await freshNamespace(namespace);
  await copySecrets(namespace);
  await shopSql('ALTER SYSTEM SET summarize_wal = on', 'postgres');
  await shopSql('SELECT pg_reload_conf()', 'postgres');
  await shopSql('CREATE TABLE IF NOT EXISTS increments_probe (id int PRIMARY KEY, round int)');
  await shopSql('TRUNCATE increments_probe; INSERT INTO increments_probe SELECT n, 0 FROM generate_series(1, 20000) AS n');
  const db = shopDatabase({ logical: { enabled: false } });
  await armPolicy({ namespace, name: 'chain', components: [{ name: 'db', postgresql: db }], tiers: [bucketTier(prefix)] });
});

test.after.always(async () => {
  await dropNamespace(namespace);
  await shopSql('DROP TABLE IF EXISTS increments_probe');
  await shopSql('ALTER SYSTEM RESET summarize_wal', 'postgres');
  await shopSql('SELECT pg_reload_conf()', 'postgres');
  removeTree(join(bucketDirectory, namespace));
  await toolbox?.close();
});

const change = (round: number): Promise<string> => shopSql(`UPDATE increments_probe SET round = ${round} WHERE id % 1000 = ${round}`);
const probe = `SELECT count(*) || ' ' || sum(round) || ' ' || max(round) FROM increments_probe`;

const backUp = async (type: BackupType): Promise<Backup> =>
  whenEnded(namespace, await startBackup(namespace, 'chain', undefined, type), 120);
const idOf = ({ status }: Backup): string => status?.backupId ?? '';
const parentOf = ({ status }: Backup): string | undefined => status?.components?.[0]?.parent;
const storedBytes = ({ status }: Backup): number => status?.bytes ?? Infinity;

// A server of the toolbox on a data directory, asked one question.
const ask = (directory: string, port: number): Promise<string> =>
  toolbox.must(`
    pg_ctl --pgdata=${directory} --wait --silent --log=/tmp/${port}.log --options="-c listen_addresses= -c unix_socket_directories=/tmp -c port=${port}" start >&2
    psql --no-psqlrc -qAt -h /tmp -p ${port} -U postgres -d shop -c "${probe}"
    pg_ctl --pgdata=${directory} --wait --silent --mode=immediate stop >&2`);

test('a Full, an Incremental and a Differential are Complete, small, and come back with their rows', async (t) => {
  const full = await backUp('Full');
  await change(1);
  const incremental = await backUp('Incremental');
  const afterIncremental = (await shopSql(probe)).trim();
  await change(2);
  const differential = await backUp('Differential');
  const afterDifferential = (await shopSql(probe)).trim();
  await change(3);

  for (const backup of [full, incremental, differential]) {
    t.is(backup.status?.phase, 'Complete', explain(backup));
  }
  t.regex(idOf(incremental), /-incremental-/);
  t.deepEqual([parentOf(full), parentOf(incremental), parentOf(differential)], [undefined, idOf(full), idOf(full)]);
  t.true(storedBytes(incremental) < storedBytes(full) / 3, `${storedBytes(incremental)} of ${storedBytes(full)}`);
  t.is(readManifestFile(repository, idOf(incremental)).components[0]?.parent, idOf(full));

  // In place, as `restore` does it.
  const to = join(toolbox.folder, 'joined');
  const restored = await runHere(
    ['restore', '--from', repository, '--identity', identityFile, '--backup', idOf(differential), '--to', to, '--owner', server],
    { now: Date.now },
  );
  t.is(restored.code, 0, restored.stderr);
  t.is((await ask('/work/joined', 5501)).trim(), afterDifferential);

  // With stock tools only.
  cpSync(repository, join(toolbox.folder, 'store'), { recursive: true });
  cpSync(identityFile, join(toolbox.folder, 'identity.txt'));
  await promisify(execFile)('chown', ['--recursive', server, toolbox.folder]);
  await toolbox.must(`
    for id in ${idOf(full)} ${idOf(incremental)}; do
      age -d -i identity.txt store/keys/$id.db.1/*.age >attempt.key
      mkdir -m 700 $id
      cat store/data/$id/db/1/base.tar.zst.age.* | age -d -i attempt.key | zstd -dcq | tar -x -C $id
    done
    pg_combinebackup --output=combined ${idOf(full)} ${idOf(incremental)}`);
  t.is((await ask('/work/combined', 5502)).trim(), afterIncremental);
});
