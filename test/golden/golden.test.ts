// Repositories that earlier releases wrote. Every release must read, verify and open them: for ever.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import type { EntryLine, InspectPlan } from '../../src/api/agent.ts';
import { readManifest } from '../../src/archive/documents.ts';
import { inspect } from '../../src/archive/inspect.ts';
import { openRepository } from '../../src/archive/repository.ts';
import { readVerifiers } from '../../src/archive/signing/keys.ts';
import { openDirectory } from '../../src/stores/directory.ts';
import { watched } from '../archive/repository.ts';
import { program } from '../engines/toolbox.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const versions = readdirSync(import.meta.dirname).filter((name) => /^v\d+$/.test(name));

test('there is a repository of every format', (t) => {
  t.deepEqual(versions, ['v1']);
});

const inspectFolder = async (directory: string, verificationKey: { id: string; key: string }): Promise<EntryLine[]> => {
  const context = watched();
  const plan: InspectPlan = {
    verb: 'inspect',
    policy: { namespace: 'shop', name: 'shop' },
    clusterId: 'another-cluster',
    verificationKeys: [verificationKey],
    tier: { name: 'local', location: { kind: 'directory', directory } },
  };
  await inspect(plan, context);
  return context.lines.filter((line) => line.kind === 'entry');
};

for (const version of versions) {
  const folder = join(import.meta.dirname, version);
  const repository = join(folder, 'repository');
  const verificationKey = JSON.parse(readFileSync(join(folder, 'verification-key.json'), 'utf8')) as { id: string; key: string };

  // A copy whose one artifact is opened with stock tools only.
  const open = (identityFile: string, artifact: string): Buffer => {
    const [id = ''] = readdirSync(join(repository, 'manifests'));
    const backup = id.replace(/\.json$/, '');
    const work = mkdtempSync(join(tmpdir(), 'holdfast-golden-'));
    try {
      const keyFolder = join(repository, 'keys', `${backup}.db.1`);
      const [sidecar = ''] = readdirSync(keyFolder);
      const attemptKey = join(work, 'attempt.key');
      writeFileSync(attemptKey, execFileSync('age', ['-d', '-i', identityFile, join(keyFolder, sidecar)]), { mode: 0o600 });
      const script = 'cat "$1".zst.age.* | age -d -i "$2" | zstd -dcq';
      return execFileSync('bash', ['-o', 'pipefail', '-c', script, 'open', join(repository, 'data', backup, 'db/1', artifact), attemptKey], {
        maxBuffer: 256 * 1024 ** 2,
      });
    } finally {
      rmSync(work, { recursive: true });
    }
  };
  const identity = join(folder, 'identity.txt');

  test(`${version}: its backup verifies`, async (t) => {
    const entries = await inspectFolder(repository, verificationKey);
    t.is(entries.length, 1);
    t.is(entries[0]?.verdict, 'Passed');
    t.is(entries[0]?.components[0]?.name, 'db');
    t.truthy(entries[0]?.components[0]?.restorableTo);
  });

  test(`${version}: a byte that changed is found`, async (t) => {
    const work = mkdtempSync(join(tmpdir(), 'holdfast-golden-'));
    try {
      cpSync(repository, work, { recursive: true });
      const [name = ''] = readdirSync(join(work, 'manifests'));
      const path = join(work, 'manifests', name);
      const bytes = readFileSync(path);
      bytes[100] = (bytes[100] ?? 0) ^ 1;
      writeFileSync(path, bytes);
      t.is((await inspectFolder(work, verificationKey))[0]?.verdict, 'Failed');
    } finally {
      rmSync(work, { recursive: true });
    }
  });

  test(`${version}: every artifact that the manifest names opens with stock tools`, async (t) => {
    const store = openDirectory({ kind: 'directory', directory: repository });
    const { repositoryId } = await openRepository(store);
    const [id = ''] = readdirSync(join(repository, 'manifests'));
    const { manifest } = await readManifest(store, id.replace(/\.json$/, ''), repositoryId, readVerifiers([verificationKey]));
    const artifacts = manifest.components.flatMap((component) => component.artifacts);
    t.deepEqual(artifacts.map(({ name }) => name).toSorted(), ['backup_manifest', 'base.tar', 'facts.json', 'globals.sql', 'shop.dump']);
    for (const { name } of artifacts) {
      t.true(open(identity, name).length > 0, name);
    }
  });

  test(`${version}: the dump holds its rows, the facts agree, the copy holds its WAL`, (t) => {
    const dump = join(temporaryFolder('golden'), 'shop.dump');
    writeFileSync(dump, open(identity, 'shop.dump'));
    const sql = execFileSync(program('pg_restore'), ['--data-only', '--file=-', dump]).toString();
    rmSync(dump);
    t.is(sql.split('\n').filter((line) => /^\d+\torder \d+$/.test(line)).length, 1000);
    const facts = JSON.parse(open(identity, 'facts.json').toString()) as { databases: { tables: { table: string; rows: number }[] }[] };
    const rows = new Map(facts.databases[0]?.tables.map(({ table, rows: count }) => [table, count]));
    t.deepEqual([rows.size, rows.get('orders'), rows.get('Odd "names"')], [2, 1000, 0]);
    const members = execFileSync('tar', ['--list'], { input: open(identity, 'base.tar'), maxBuffer: 64 * 1024 ** 2 }).toString();
    t.regex(members, /^backup_label$/m);
    t.regex(members, /^pg_wal\/[0-9A-F]{24}$/m);
    t.true(members.trimEnd().endsWith('backup_manifest'));
  });

  test(`${version}: the state identity opens the backup manifest and nothing else`, (t) => {
    const [backup = ''] = readdirSync(join(repository, 'data'));
    const state = join(folder, 'state-identity.txt');
    const at = join(repository, 'data', backup, 'db/1');
    const opens = (name: string): boolean => {
      try {
        execFileSync('age', ['-d', '-i', state, join(at, `${name}.zst.age.00001`)], { stdio: ['ignore', 'ignore', 'ignore'] });
        return true;
      } catch {
        return false;
      }
    };
    t.true(existsSync(at));
    t.true(opens('backup_manifest'));
    for (const name of ['base.tar', 'facts.json', 'globals.sql', 'shop.dump']) {
      t.false(opens(name), name);
    }
  });
}
