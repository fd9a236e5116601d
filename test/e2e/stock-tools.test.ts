// A backup taken under load is restored by hand: from a plain copy of the bucket, with stock tools only, by the commands of the README.
import { execFile } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import type { Backup } from '../../src/api/objects.ts';
import type { Manifest } from '../../src/api/stored/backup.ts';
import { lsnBytes } from '../../src/api/lsn.ts';
import { mustKubectl, root, run as runProgram } from '../cluster/kubectl.ts';
import { bucketDirectory, demoSecret, identityFile } from './support/demo.ts';
import { readManifestFile } from './support/documents.ts';
import { filesBelow, removeTree } from './support/files.ts';
import { startBackup, whenReplicated } from './support/objects.ts';
import { checkSignature, endCopy, endDumps, restoreCopy, restoreDumps, restoreWithPlugin } from './support/readme.ts';
import { shopSql } from './support/sql.ts';
import { openToolbox } from './support/toolbox.ts';
import type { Toolbox } from './support/toolbox.ts';
import { dropCommits, startWriter } from './support/writer.ts';
import type { Commit } from './support/writer.ts';

const minute = 60_000;
const run = promisify(execFile);

let toolbox: Toolbox;
let backup: Backup;
let manifest: Manifest;
let commits: Commit[];
let sourceSchema: string;
let sourceLargeObjects: string;

const largeObjects = `SELECT count(*) || ' ' || md5(string_agg(md5(lo_get(oid)), ',' ORDER BY oid)) FROM pg_largeobject_metadata`;
const invariants = 'SELECT name, holds FROM invariants ORDER BY 1';
const allHold = [
  'every order is in the ledger|t',
  'stock equals its movements|t',
  'the ledger equals the orders|t',
  'the orders equal their lines|t',
];

const inToolbox = (path: string): string => join(toolbox.folder, path);
const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '');

// Words that differ from one dump to the next are taken out.
const schemaOf = (dump: string): string => dump.replaceAll(/^\\(un)?restrict .*$/gm, '').replaceAll(/^-- Dumped .*$/gm, '');

// SQL at a server that was restored in the toolbox.
const restoredSql = (sql: string, database = 'shop'): Promise<string> =>
  toolbox.must(`psql --no-psqlrc -qAt -v ON_ERROR_STOP=1 -h /tmp -U postgres -d ${database} <<'SQL'\n${sql}\nSQL`);

test.before(async () => {
  toolbox = await openToolbox();
});

test.after.always(async () => {
  await dropCommits();
  await toolbox?.close();
});

test.serial('a Backup is taken while the shop takes orders and a writer commits', async (t) => {
  t.timeout(10 * minute);
  const writer = await startWriter();
  sourceSchema = await pgDumpOfSource();
  sourceLargeObjects = (await shopSql(largeObjects)).trim();
  const name = await startBackup('shop', 'shop');
  backup = await whenReplicated('shop', name);
  await writer.stop();
  commits = writer.commits();
  t.true(commits.length > 50, `only ${commits.length} commits`);
  t.deepEqual(
    commits.map(({ id }) => id),
    commits.map((_, at) => at + 1),
  );
  cpSync(join(bucketDirectory, 'shop/shop'), inToolbox('bucket'), { recursive: true });
  cpSync(identityFile, inToolbox('identity.txt'));
  await run('chown', ['-R', '65532:65532', toolbox.folder]);
  manifest = readManifestFile(inToolbox('bucket'), backup.status?.backupId ?? '');
  // The commands of the README take the newest one; somebody else may have made a newer one meanwhile.
  filesBelow(inToolbox('bucket/manifests'))
    .filter((file) => file > `${manifest.backupId}.json`)
    .forEach((file) => removeTree(inToolbox(`bucket/manifests/${file}`)));
  t.is(manifest.components.length, 1);
});

const pgDumpOfSource = async (): Promise<string> => {
  return schemaOf(
    await mustKubectl(['exec', '-n', 'shop', 'postgres-0', '--', 'pg_dump', '--host=/tmp', '--username=postgres', '--schema-only', 'shop']),
  );
};

test.serial('the signature of every document verifies with openssl', async (t) => {
  t.timeout(2 * minute);
  const script = join(root, 'docs/verify-signature.sh');
  t.true(lines(readFileSync(script, 'utf8')).length <= 20);
  const key = inToolbox('verification.pem');
  writeFileSync(key, `-----BEGIN PUBLIC KEY-----\n${demoSecret('holdfast/verification.key')}\n-----END PUBLIC KEY-----\n`);
  const signed = filesBelow(inToolbox('bucket')).filter((path) => /^(writers|manifests)\/|component\.json$/.test(path));
  t.true(signed.some((path) => path.startsWith('writers/')));
  t.true(signed.includes(`manifests/${manifest.backupId}.json`));
  t.true(signed.includes(manifest.components[0]?.record.key ?? ''));
  for (const path of signed) {
    const { stdout } = await run('bash', [script, inToolbox(`bucket/${path}`), key]);
    t.notThrows(() => JSON.parse(stdout), `${path}: ${stdout}`);
  }
  // One character of the payload is another one.
  const manifestFile = inToolbox(`bucket/manifests/${manifest.backupId}.json`);
  const envelope = JSON.parse(readFileSync(manifestFile, 'utf8')) as { payload: string };
  const changed = {
    ...envelope,
    payload: `${envelope.payload.slice(0, 40)}${envelope.payload[40] === 'A' ? 'B' : 'A'}${envelope.payload.slice(41)}`,
  };
  writeFileSync(inToolbox('changed.json'), JSON.stringify(changed));
  await t.throwsAsync(run('bash', [script, inToolbox('changed.json'), key]));
});

test.serial('the commands of the README check signature and digests of the newest backup', async (t) => {
  t.timeout(2 * minute);
  const { code, stdout, stderr } = await runProgram('bash', ['-euo', 'pipefail', '-c', checkSignature()]);
  t.is(code, 0, stderr);
  t.regex(stderr, /Signature Verified Successfully/);
  const key = /"key": "manifests\/(.+)\.json"/.exec(stdout)?.[1] ?? '';
  t.true(key >= manifest.backupId, stdout);
  t.true(lines(stdout).filter((line) => line.endsWith(': OK')).length >= 6, stdout);
});

test.serial('the commands of the README restore with the plugin, from the bucket and the identity alone', async (t) => {
  t.timeout(3 * minute);
  const target = '/tmp/restored';
  removeTree(target);
  const { code, stdout, stderr } = await runProgram('bash', ['-euo', 'pipefail', '-c', restoreWithPlugin()]);
  t.is(code, 0, stderr);
  t.regex(stdout, /REACHES +every commit before/);
  t.regex(stdout, /all there with their sizes[^]*pg_ctl --pgdata=\/tmp\/restored/);
  t.is(readFileSync(join(target, 'PG_VERSION'), 'utf8'), '17\n');
  t.regex(readFileSync(join(target, 'holdfast.conf'), 'utf8'), /^archive_mode = 'off'/m);
  removeTree(target);
});

test.serial('every object that the manifest names is in the copy, as it was stored', async (t) => {
  t.timeout(2 * minute);
  const [component] = manifest.components;
  const objects = [...(component?.keys ?? []), ...(component?.artifacts.flatMap(({ volumes }) => volumes) ?? [])];
  t.true(objects.length >= 6);
  const sums = objects.map(({ key, sha256 }) => `${sha256}  bucket/${key}`).join('\n');
  await toolbox.must(`sha256sum --check --quiet <<'SUMS'\n${sums}\nSUMS`);
});

test.serial('logical: globals and dump restore into a fresh server', async (t) => {
  t.timeout(5 * minute);
  await toolbox.must(restoreDumps());
  t.deepEqual(lines(await restoredSql(invariants)), allHold);
  t.is((await restoredSql(largeObjects)).trim(), sourceLargeObjects);
  t.is(schemaOf(await toolbox.must('pg_dump -h /tmp -U postgres --schema-only shop')), sourceSchema);
});

type Facts = {
  databases: { database: string; tables: { schema: string; table: string; rows: number; counted: string; digest?: string }[] }[];
};

test.serial('logical: every table has the rows that the snapshot saw', async (t) => {
  t.timeout(5 * minute);
  const [attempt] = manifest.components;
  const prefix = `bucket/data/${manifest.backupId}/db/${attempt?.attempt}`;
  const text = await toolbox.must(
    `age -d -i identity.txt bucket/keys/${attempt?.keyId}/*.age >attempt.key; cat ${prefix}/facts.json.zst.age.* | age -d -i attempt.key | zstd -dc`,
  );
  const facts = (JSON.parse(text) as Facts).databases.find(({ database }) => database === 'shop');
  const names = lines(
    await restoredSql(
      `SELECT schemaname || '.' || tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1`,
    ),
  );
  t.deepEqual(facts?.tables.map(({ schema, table }) => `${schema}.${table}`).toSorted(), names);
  t.true(names.length >= 9);
  for (const { schema, table, rows, digest } of facts?.tables ?? []) {
    const found = await restoredSql(
      `SET timezone = 'UTC'; SET datestyle = 'ISO, YMD'; SET intervalstyle = 'postgres'; SET extra_float_digits = 1; SET bytea_output = 'hex'; SET search_path = pg_catalog;
       SELECT count(*), coalesce(sum(first_bits), 0) FROM (SELECT ('x' || left(md5(r::text), 15))::bit(60)::bigint AS first_bits FROM ONLY "${schema}"."${table}" AS r) AS each`,
    );
    t.is(found.trim(), `${rows}|${digest}`, `${schema}.${table}`);
  }
  t.true((facts?.tables ?? []).every(({ counted, digest }) => counted === 'Snapshot' && digest !== undefined));
});

const login = (role: string, password: string, sql: string): Promise<string> =>
  toolbox.must(`PGPASSWORD='${password}' psql --no-psqlrc -qAt -v ON_ERROR_STOP=1 -h 127.0.0.1 -U ${role} -d shop -c "${sql}"`);

test.serial('logical: roles log in with their old passwords and have their old rights', async (t) => {
  t.timeout(2 * minute);
  t.regex(await login('shop_web', demoSecret('shop_web/password'), 'SELECT place_order()'), /^\d+\n$/);
  t.is(await login('holdfast_dump', demoSecret('holdfast_dump/password'), 'SELECT count(*) FROM support_notes'), '100\n');
  t.is(await login('holdfast_physical', demoSecret('holdfast_physical/password'), 'SELECT 1'), '1\n');
  await t.throwsAsync(login('shop_web', demoSecret('shop_web/password'), 'DELETE FROM customers'), { message: /permission denied/ });
  await t.throwsAsync(login('shop_web', 'another password', 'SELECT 1'), { message: /password authentication failed/ });
  t.deepEqual(lines(await restoredSql(invariants)), allHold);
  const shown = await toolbox.must(endDumps());
  t.is(shown.match(/\| t$/gm)?.length, allHold.length, shown);
});

test.serial('physical: a server starts from the copy, without any archive', async (t) => {
  t.timeout(5 * minute);
  await toolbox.must(restoreCopy());
  t.deepEqual(lines(await restoredSql(invariants)), allHold);
  t.is((await restoredSql(`SELECT pg_is_in_recovery() || ' ' || current_setting('restore_command')`)).trim(), 'false');
});

test.serial('physical: every commit up to the stop LSN is there, and every one before restorableTo', async (t) => {
  t.timeout(2 * minute);
  const [component] = manifest.components;
  const stop = lsnBytes(component?.facts.postgresql?.stopLsn ?? '');
  const restorableTo = Date.parse(component?.facts.restorableTo ?? '') * 1000;
  t.is(backup.status?.restorableTo, component?.facts.restorableTo);
  const bySeenLsn = commits.filter(({ lsn }) => lsnBytes(lsn) <= stop).map(({ id }) => id);
  const byTime = commits.filter(({ time }) => time < restorableTo).map(({ id }) => id);
  // Both statements say something, and the writer went on after the copy.
  t.true(bySeenLsn.length > 0 && bySeenLsn.length < commits.length, `${bySeenLsn.length} of ${commits.length} commits`);
  t.true(byTime.length > 0 && byTime.length <= bySeenLsn.length, `${byTime.length} of ${commits.length} commits`);
  t.true(restorableTo > Date.parse(backup.status?.startTime ?? '') * 1000);
  const found = new Set(lines(await restoredSql('SELECT id FROM e2e_commits')).map(Number));
  t.deepEqual(
    [...bySeenLsn, ...byTime].filter((id) => !found.has(id)),
    [],
  );
  // The last commits came after the copy: this question can be answered with no.
  t.false(found.has(commits.length));
  // What was there has no hole either.
  t.is((await restoredSql('SELECT max(id) - count(*) FROM e2e_commits')).trim(), '0');
});

test.serial('physical: pg_amcheck and pg_checksums find nothing', async (t) => {
  t.timeout(5 * minute);
  await toolbox.must('pg_amcheck -h /tmp -U postgres --all --install-missing --heapallindexed --parent-check');
  const shown = await toolbox.must(endCopy());
  t.is(shown.match(/\| t$/gm)?.length, allHold.length, shown);
  t.regex(shown, /no damage found/);
  // Page checksums are checked while the server is down.
  await toolbox.must(`${restoreCopy()}\npg_ctl -D restored -m fast -w stop`);
  const said = await toolbox.must('pg_checksums --check -D restored');
  t.regex(said, /Bad checksums: +0\n/);
  t.regex(said, /Blocks scanned: +[1-9]/);
  await toolbox.must('rm -rf restored');
});

test.serial('a stored byte that was changed is refused by age itself', async (t) => {
  t.timeout(2 * minute);
  const [component] = manifest.components;
  const key = component?.artifacts.find(({ name }) => name === 'base.tar')?.volumes[0]?.key ?? '';
  const bytes = readFileSync(inToolbox(`bucket/${key}`));
  bytes[Math.floor(bytes.length / 2)] = (bytes[Math.floor(bytes.length / 2)] ?? 0) ^ 1;
  writeFileSync(inToolbox('changed.age'), bytes);
  await toolbox.must(`age -d -i attempt.key bucket/${key} >/dev/null`);
  const { code, stderr } = await toolbox.run('age -d -i attempt.key changed.age >/dev/null');
  t.not(code, 0);
  t.regex(stderr, /failed to decrypt/);
});
